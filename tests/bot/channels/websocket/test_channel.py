from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.channels.websocket.channel import WebsocketChannel
from dialogue.conversation import Address, Conversation
from dialogue.store.store import Store
from tests.bot.channels.bot_fixture import ANSWER, VOICE, BotFixture
from tests.bot.channels.client import Client, connect_client
from tests.bot.channels.contract import ChannelContract, Rig
from tests.bot.channels.waiting import eventually


@dataclass
class WebsocketRig:
    """A client that keeps a screen, keyed by turn as the protocol asks."""

    caller: Client
    channel: WebsocketChannel
    store: Store
    screen: dict[int, str] = field(default_factory=dict)

    async def say(self, external_id: str, text: str) -> Conversation:
        if not self.caller.conversation:
            await self.caller.hello()
        await self.caller.say(text, external_id)
        return await self.store.conversations.get(self.caller.conversation)

    async def shown(self) -> list[str]:
        self.caller.frames += await self.caller.silence(0.02)
        answers = [frame for frame in self.caller.frames if frame["type"] == "answer"]
        return list({frame["turn"]: frame["text"] for frame in answers}.values())


class TestContract(ChannelContract):
    @pytest.fixture
    async def rig(self, house: BotFixture) -> AsyncIterator[Rig]:
        assert isinstance(house.channel, WebsocketChannel)
        async with connect_client(house) as caller:
            yield WebsocketRig(caller, house.channel, house.store)


async def test_a_turn_is_told_from_accepted_to_answer(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        ready = await caller.hello()
        assert ready == {
            "type": "ready",
            "conversation": caller.conversation,
            "protocol": 1,
            "consent": False,
            "turns": [],
        }
        await caller.send(type="message", id="m1", text="Until when can I return it?")
        answer = await caller.until("answer")
    told = [frame["type"] for frame in caller.frames[1:]]
    assert told == ["accepted", "rewritten", "passages", *["token"] * (len(told) - 4), "answer"]
    accepted, rewritten, passages = caller.frames[1:4]
    assert accepted == {"type": "accepted", "id": "m1", "turn": 1}
    assert rewritten == {"type": "rewritten", "turn": 1, "query": "Until when can I return it?"}
    assert [each["n"] for each in passages["passages"]] == [1, 2]
    assert set(passages["passages"][0]) == {"n", "chunk", "title", "source", "score", "snippet"}
    assert "".join(frame["text"] for frame in caller.frames if frame["type"] == "token") == ANSWER
    assert answer["turn"] == 2
    assert answer["reply_to"] == 1
    assert answer["text"] == ANSWER
    assert not answer["abstained"]
    assert [(each["n"], each["chunk"]) for each in answer["citations"]] == [
        (1, "returns-1"),
        (2, "refunds-1"),
    ]
    assert set(answer["citations"][0]) == {"n", "chunk", "title", "source", "quote"}


async def test_the_bot_abstains_in_the_language_of_the_question(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        await caller.hello()
        answer = await caller.ask("weather 明天天气怎么样，会下雨吗？", "m1")
    assert answer["abstained"]
    assert answer["text"].startswith(VOICE.wording("zh").abstention)


async def test_who_comes_back_is_told_what_was_missed(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        await caller.hello()
        answer = await caller.ask("Until when can I return it?", "m1")
        await caller.say("And the refund?", "m2")
    await house.until_turns(caller.conversation, 4)
    async with connect_client(house) as again:
        ready = await again.hello(caller.conversation, after=2)
        assert [(turn["turn"], turn["role"]) for turn in ready["turns"]] == [(3, "user"), (4, "assistant")]
        everything = (await again.hello(caller.conversation))["turns"]
        assert everything[0] == {"turn": 1, "role": "user", "text": "Until when can I return it?"}
        assert everything[1] == {"role": "assistant", **_without_type(answer)}
        assert (await again.hello(caller.conversation, after=99))["turns"] == []
        assert await again.silence() == []


async def test_what_was_replayed_need_not_be_delivered(house: BotFixture) -> None:
    house.speaker.waiting.clear()
    async with connect_client(house) as caller:
        await caller.hello()
        await caller.say("Until when can I return it?", "m1")
    house.speaker.waiting.set()
    await house.until_turns(caller.conversation, 2)
    assert (await house.store.operators.backlog()).deliveries == 1
    async with connect_client(house) as again:
        await again.hello(caller.conversation)
        await _until_delivered(house)


async def test_a_message_sent_twice_is_accepted_twice_and_answered_once(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        await caller.hello()
        answer = await caller.ask("Until when can I return it?", "m1")
    async with connect_client(house) as again:
        await again.hello(caller.conversation, after=2)
        accepted = await again.say("Until when can I return it?", "m1")
        assert accepted == {"type": "accepted", "id": "m1", "turn": 1}
        assert await again.until("answer") == answer
    assert len(await house.store.turns.after(caller.conversation, 0, 10)) == 2


async def test_the_first_frame_is_hello(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        await caller.send(type="message", id="m1", text="Hi")
        refused = await caller.next()
        assert (refused["code"], refused["id"]) == ("hello_first", "m1")
        await caller.hello()
        await caller.say("Hi", "m1")


async def test_a_second_hello_moves_to_another_conversation(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        first = (await caller.hello())["conversation"]
        second = (await caller.hello())["conversation"]
        assert first != second
        await caller.ask("Until when?", "m1")
    assert await house.store.turns.after(first, 0, 10) == []


async def test_conversation_ids_cannot_be_guessed(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        ids = {(await caller.hello())["conversation"] for _ in range(20)}
    assert len(ids) == 20
    assert min(map(len, ids)) >= 22


@pytest.mark.parametrize("known", ["nonsense", "x" * 128, "'; DROP TABLE turn; --"])
async def test_an_unknown_conversation_is_refused_and_the_connection_lives(
    house: BotFixture, known: str
) -> None:
    async with connect_client(house) as caller:
        await caller.send(type="hello", conversation=known)
        assert (await caller.next())["code"] == "unknown_conversation"
        await caller.hello()


async def test_conversations_of_other_channels_do_not_exist_here(house: BotFixture) -> None:
    elsewhere = await house.store.conversations.start(Address("telegram", "42"))
    async with connect_client(house) as caller:
        await caller.send(type="hello", conversation=elsewhere.id)
        assert (await caller.next())["code"] == "unknown_conversation"


async def test_cancel_keeps_what_was_said_so_far(house: BotFixture) -> None:
    house.speaker.text = "Stop. And much more that nobody will hear."
    house.speaker.waiting.clear()
    async with connect_client(house) as caller:
        await caller.hello()
        await caller.say("Until when can I return it?", "m1")
        await caller.until("passages")
        await caller.send(type="cancel")
        answer = await caller.until("answer")
    assert "nobody will hear" not in answer["text"]
    assert answer["reply_to"] == 1


async def test_cancel_without_an_answer_in_progress_does_nothing(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        await caller.hello()
        await caller.send(type="cancel")
        assert await caller.silence() == []


async def test_feedback_is_kept_with_comment_and_correction(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        await caller.hello()
        await caller.ask("Until when can I return it?", "m1")
        await caller.send(type="feedback", turn=2, rating="up")
        await caller.send(
            type="feedback", turn=2, rating="down", comment="Too short", correction="60 days in December"
        )

        async def changed() -> bool:
            return [opinion.rating for opinion in await house.store.operators.ratings(10)] == ["down"]

        await eventually(changed)
        assert await caller.silence() == []
    (opinion,) = await house.store.operators.ratings(10)
    home = await house.store.conversations.get(caller.conversation)
    assert (opinion.rating, opinion.comment, opinion.correction) == (
        "down",
        "Too short",
        "60 days in December",
    )
    assert opinion.rater == home.address.account


async def test_only_answers_can_be_rated(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        await caller.hello()
        await caller.ask("Until when can I return it?", "m1")
        for turn in (1, 99):
            await caller.send(type="feedback", turn=turn, rating="up")
            assert (await caller.next())["code"] == "unknown_turn"


def _without_type(frame: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in frame.items() if key != "type"}


async def _until_delivered(house: BotFixture) -> None:
    async def delivered() -> bool:
        return (await house.store.operators.backlog()).deliveries == 0

    await eventually(delivered)
