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

    client: Client
    channel: WebsocketChannel
    store: Store
    screen: dict[int, str] = field(default_factory=dict)

    async def say(self, external_id: str, text: str) -> Conversation:
        if not self.client.conversation:
            await self.client.hello()
        await self.client.say(text, external_id)
        return await self.store.conversations.get(self.client.conversation)

    async def shown(self) -> list[str]:
        self.client.frames += await self.client.silence(0.02)
        answers = [frame for frame in self.client.frames if frame["type"] == "answer"]
        return list({frame["turn"]: frame["text"] for frame in answers}.values())


class TestContract(ChannelContract):
    @pytest.fixture
    async def rig(self, bot: BotFixture) -> AsyncIterator[Rig]:
        assert isinstance(bot.channel, WebsocketChannel)
        async with connect_client(bot) as client:
            yield WebsocketRig(client, bot.channel, bot.store)


async def test_the_frames_of_a_turn_come_in_order(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        ready = await client.hello()
        assert ready == {
            "type": "ready",
            "conversation": client.conversation,
            "protocol": 1,
            "consent": False,
            "turns": [],
        }
        await client.send(type="message", id="m1", text="Until when can I return it?")
        answer = await client.until("answer")
    kinds = [frame["type"] for frame in client.frames[1:]]
    before = ["accepted", "rewritten", "passages", "writing"]
    assert kinds == [*before, *["token"] * (len(kinds) - 5), "answer"]
    accepted, rewritten, passages, writing = client.frames[1:5]
    assert accepted == {"type": "accepted", "id": "m1", "turn": 1}
    assert rewritten == {"type": "rewritten", "turn": 1, "query": "Until when can I return it?"}
    assert [each["n"] for each in passages["passages"]] == [1, 2]
    assert set(passages["passages"][0]) == {"n", "chunk", "title", "source", "score", "snippet", "quote"}
    assert passages["passages"][0]["quote"] == "You may return it within 30 days of delivery, in its box."
    assert writing == {"type": "writing", "turn": 1, "first_word": None, "complete": None}
    assert "".join(frame["text"] for frame in client.frames if frame["type"] == "token") == ANSWER
    assert answer["turn"] == 2
    assert answer["reply_to"] == 1
    assert answer["text"] == ANSWER
    assert not answer["abstained"]
    assert [(each["n"], each["chunk"]) for each in answer["citations"]] == [
        (1, "returns-1"),
        (2, "refunds-1"),
    ]
    assert set(answer["citations"][0]) == {"n", "chunk", "title", "source", "quote"}


async def test_the_bot_abstains_in_the_language_of_the_question(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
        answer = await client.ask("weather 明天天气怎么样，会下雨吗？", "m1")
    assert answer["abstained"]
    assert answer["text"].startswith(VOICE.wording("zh").abstention)


async def test_the_language_follows_the_person_within_a_conversation(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
        answers = [
            await client.ask(text, f"m{number}")
            for number, text in enumerate(
                ("weather: wie wird das Wetter morgen?", "weather?", "weather, and why is that?")
            )
        ]
    wordings = [VOICE.wording(language) for language in ("de", "de", "en")]
    assert [answer["text"] for answer in answers] == [
        f"{wording.abstention} {wording.handoff}" for wording in wordings
    ]


async def test_a_returning_client_gets_what_it_missed(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
        answer = await client.ask("Until when can I return it?", "m1")
        await client.say("And the refund?", "m2")
    await bot.until_turns(client.conversation, 4)
    async with connect_client(bot) as again:
        ready = await again.hello(client.conversation, after=2)
        assert [(turn["turn"], turn["role"]) for turn in ready["turns"]] == [(3, "user"), (4, "assistant")]
        everything = (await again.hello(client.conversation))["turns"]
        assert everything[0] == {"turn": 1, "role": "user", "text": "Until when can I return it?"}
        assert everything[1] == {"role": "assistant", **_without_type(answer)}
        assert (await again.hello(client.conversation, after=99))["turns"] == []
        assert await again.silence() == []


async def test_replayed_answers_are_marked_as_delivered(bot: BotFixture) -> None:
    bot.chat_model.waiting.clear()
    async with connect_client(bot) as client:
        await client.hello()
        await client.say("Until when can I return it?", "m1")
    bot.chat_model.waiting.set()
    await bot.until_turns(client.conversation, 2)
    assert (await bot.store.operators.backlog()).deliveries == 1
    async with connect_client(bot) as again:
        await again.hello(client.conversation)
        await _until_delivered(bot)


async def test_a_message_sent_twice_is_accepted_twice_and_answered_once(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
        answer = await client.ask("Until when can I return it?", "m1")
    async with connect_client(bot) as again:
        await again.hello(client.conversation, after=2)
        accepted = await again.say("Until when can I return it?", "m1")
        assert accepted == {"type": "accepted", "id": "m1", "turn": 1}
        assert await again.until("answer") == answer
    assert len(await bot.store.turns.after(client.conversation, 0, 10)) == 2


async def test_the_first_frame_is_hello(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.send(type="message", id="m1", text="Hi")
        refused = await client.next()
        assert (refused["code"], refused["id"]) == ("hello_first", "m1")
        await client.hello()
        await client.say("Hi", "m1")


async def test_a_second_hello_moves_to_another_conversation(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        first = (await client.hello())["conversation"]
        second = (await client.hello())["conversation"]
        assert first != second
        await client.ask("Until when?", "m1")
    assert await bot.store.turns.after(first, 0, 10) == []


async def test_conversation_ids_cannot_be_guessed(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        ids = {(await client.hello())["conversation"] for _ in range(20)}
    assert len(ids) == 20
    assert min(map(len, ids)) >= 22


@pytest.mark.parametrize("known", ["nonsense", "x" * 128, "'; DROP TABLE turn; --"])
async def test_an_unknown_conversation_is_refused_and_the_connection_lives(
    bot: BotFixture, known: str
) -> None:
    async with connect_client(bot) as client:
        await client.send(type="hello", conversation=known)
        assert (await client.next())["code"] == "unknown_conversation"
        await client.hello()


async def test_conversations_of_other_channels_do_not_exist_here(bot: BotFixture) -> None:
    elsewhere = await bot.store.conversations.start(Address("telegram", "42"))
    async with connect_client(bot) as client:
        await client.send(type="hello", conversation=elsewhere.id)
        assert (await client.next())["code"] == "unknown_conversation"


async def test_cancel_keeps_what_was_said_so_far(bot: BotFixture) -> None:
    bot.chat_model.text = "Stop. And much more that nobody will hear."
    bot.chat_model.waiting.clear()
    async with connect_client(bot) as client:
        await client.hello()
        await client.say("Until when can I return it?", "m1")
        await client.until("passages")
        await client.send(type="cancel")
        answer = await client.until("answer")
    assert "nobody will hear" not in answer["text"]
    assert answer["reply_to"] == 1


async def test_cancel_without_an_answer_in_progress_does_nothing(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
        await client.send(type="cancel")
        assert await client.silence() == []


async def test_feedback_is_kept_with_comment_and_correction(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
        await client.ask("Until when can I return it?", "m1")
        await client.send(type="feedback", turn=2, rating="up")
        await client.send(
            type="feedback", turn=2, rating="down", comment="Too short", correction="60 days in December"
        )

        async def changed() -> bool:
            return [opinion.rating for opinion in await bot.store.operators.ratings(10)] == ["down"]

        await eventually(changed)
        assert await client.silence() == []
    (opinion,) = await bot.store.operators.ratings(10)
    home = await bot.store.conversations.get(client.conversation)
    assert (opinion.rating, opinion.comment, opinion.correction) == (
        "down",
        "Too short",
        "60 days in December",
    )
    assert opinion.rater == home.address.account


async def test_only_answers_can_be_rated(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
        await client.ask("Until when can I return it?", "m1")
        for turn in (1, 99):
            await client.send(type="feedback", turn=turn, rating="up")
            assert (await client.next())["code"] == "unknown_turn"


def _without_type(frame: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in frame.items() if key != "type"}


async def _until_delivered(bot: BotFixture) -> None:
    async def delivered() -> bool:
        return (await bot.store.operators.backlog()).deliveries == 0

    await eventually(delivered)
