import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot.channels.pace import Speed
from bot.channels.visitor import Limits
from bot.channels.websocket import WebsocketChannel
from dialogue.conversation import Address, Conversation, Mode, Utterance
from dialogue.store import Store
from tests.bot.channels.caller import Caller, call
from tests.bot.channels.contract import ChannelContract, Rig
from tests.bot.channels.house import ANSWER, VOICE, House, keep_house
from tests.bot.channels.patience import eventually


@pytest.fixture
async def house(sqlite_url: str) -> AsyncIterator[House]:
    async with keep_house(sqlite_url, WebsocketChannel(VOICE)) as running:
        yield running


@dataclass
class WebsocketRig:
    """A client that keeps a screen, keyed by turn as the protocol asks."""

    caller: Caller
    channel: WebsocketChannel
    store: Store
    screen: dict[int, str] = field(default_factory=dict)

    async def say(self, external_id: str, text: str) -> Conversation:
        if not self.caller.conversation:
            await self.caller.hello()
        await self.caller.say(text, external_id)
        return await self.store.conversation(self.caller.conversation)

    async def shown(self) -> list[str]:
        self.caller.frames += await self.caller.silence(0.02)
        answers = [frame for frame in self.caller.frames if frame["type"] == "answer"]
        return list({frame["turn"]: frame["text"] for frame in answers}.values())


class TestContract(ChannelContract):
    @pytest.fixture
    async def rig(self, house: House) -> AsyncIterator[Rig]:
        assert isinstance(house.channel, WebsocketChannel)
        async with call(house) as caller:
            yield WebsocketRig(caller, house.channel, house.store)


async def test_a_turn_is_told_from_accepted_to_answer(house: House) -> None:
    async with call(house) as caller:
        ready = await caller.hello()
        assert ready == {
            "type": "ready",
            "conversation": caller.conversation,
            "protocol": 1,
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


async def test_the_bot_abstains_in_the_language_of_the_question(house: House) -> None:
    async with call(house) as caller:
        await caller.hello()
        answer = await caller.ask("weather 明天天气怎么样，会下雨吗？", "m1")
    assert answer["abstained"]
    assert answer["text"].startswith(VOICE.wording("zh").abstention)


async def test_who_comes_back_is_told_what_was_missed(house: House) -> None:
    async with call(house) as caller:
        await caller.hello()
        answer = await caller.ask("Until when can I return it?", "m1")
        await caller.say("And the refund?", "m2")
    await _until(house, caller.conversation, turns=4)
    async with call(house) as again:
        ready = await again.hello(caller.conversation, after=2)
        assert [(turn["turn"], turn["role"]) for turn in ready["turns"]] == [(3, "user"), (4, "assistant")]
        everything = (await again.hello(caller.conversation))["turns"]
        assert everything[0] == {"turn": 1, "role": "user", "text": "Until when can I return it?"}
        assert everything[1] == {"role": "assistant", **_without_type(answer)}
        assert (await again.hello(caller.conversation, after=99))["turns"] == []
        assert await again.silence() == []


async def test_what_was_replayed_need_not_be_delivered(house: House) -> None:
    house.speaker.waiting.clear()
    async with call(house) as caller:
        await caller.hello()
        await caller.say("Until when can I return it?", "m1")
    house.speaker.waiting.set()
    await _until(house, caller.conversation, turns=2)
    assert (await house.store.backlog()).parcels == 1
    async with call(house) as again:
        await again.hello(caller.conversation)
        await _until_delivered(house)


async def test_a_message_sent_twice_is_accepted_twice_and_answered_once(house: House) -> None:
    async with call(house) as caller:
        await caller.hello()
        answer = await caller.ask("Until when can I return it?", "m1")
    async with call(house) as again:
        await again.hello(caller.conversation, after=2)
        accepted = await again.say("Until when can I return it?", "m1")
        assert accepted == {"type": "accepted", "id": "m1", "turn": 1}
        assert await again.until("answer") == answer
    assert len(await house.store.turns(caller.conversation, 0, 10)) == 2


async def test_the_first_frame_is_hello(house: House) -> None:
    async with call(house) as caller:
        await caller.send(type="message", id="m1", text="Hi")
        refused = await caller.next()
        assert (refused["code"], refused["id"]) == ("hello_first", "m1")
        await caller.hello()
        await caller.say("Hi", "m1")


async def test_a_second_hello_moves_to_another_conversation(house: House) -> None:
    async with call(house) as caller:
        first = (await caller.hello())["conversation"]
        second = (await caller.hello())["conversation"]
        assert first != second
        await caller.ask("Until when?", "m1")
    assert await house.store.turns(first, 0, 10) == []


async def test_conversation_ids_cannot_be_guessed(house: House) -> None:
    async with call(house) as caller:
        ids = {(await caller.hello())["conversation"] for _ in range(20)}
    assert len(ids) == 20
    assert min(map(len, ids)) >= 22


@pytest.mark.parametrize("known", ["nonsense", "x" * 128, "'; DROP TABLE turn; --"])
async def test_an_unknown_conversation_is_refused_and_the_connection_lives(house: House, known: str) -> None:
    async with call(house) as caller:
        await caller.send(type="hello", conversation=known)
        assert (await caller.next())["code"] == "unknown_conversation"
        await caller.hello()


async def test_conversations_of_other_channels_do_not_exist_here(house: House) -> None:
    elsewhere = await house.store.start(Address("telegram", "42"))
    async with call(house) as caller:
        await caller.send(type="hello", conversation=elsewhere.id)
        assert (await caller.next())["code"] == "unknown_conversation"


async def test_every_tab_of_a_conversation_sees_everything(house: House) -> None:
    async with call(house) as one, call(house) as other:
        await one.hello()
        await other.hello(one.conversation)
        answer = await one.ask("Until when can I return it?", "m1")
        assert await other.until("answer") == answer
    assert other.frames[1] == {"type": "said", "turn": 1, "text": "Until when can I return it?"}
    assert {"rewritten", "passages", "token"} <= {frame["type"] for frame in other.frames}
    assert "said" not in [frame["type"] for frame in one.frames]


async def test_each_client_gets_each_answer_once(house: House) -> None:
    async with call(house) as one, call(house) as other:
        await one.hello()
        await other.hello(one.conversation)
        for n in range(5):
            await one.send(type="message", id=f"m{n}", text=f"Question {n}?")
        await _until(house, one.conversation, turns=10)
        for caller in (one, other):
            answers = [frame["turn"] for frame in await caller.silence(0.5) if frame["type"] == "answer"]
            assert sorted(answers) == sorted(set(answers))
            assert len(answers) == 5


async def test_cancel_keeps_what_was_said_so_far(house: House) -> None:
    house.speaker.text = "Stop. And much more that nobody will hear."
    house.speaker.waiting.clear()
    async with call(house) as caller:
        await caller.hello()
        await caller.say("Until when can I return it?", "m1")
        await caller.until("passages")
        await caller.send(type="cancel")
        answer = await caller.until("answer")
    assert "nobody will hear" not in answer["text"]
    assert answer["reply_to"] == 1


async def test_cancel_without_an_answer_in_progress_does_nothing(house: House) -> None:
    async with call(house) as caller:
        await caller.hello()
        await caller.send(type="cancel")
        assert await caller.silence() == []


async def test_feedback_is_kept_with_comment_and_correction(house: House) -> None:
    async with call(house) as caller:
        await caller.hello()
        await caller.ask("Until when can I return it?", "m1")
        await caller.send(type="feedback", turn=2, rating="up")
        await caller.send(
            type="feedback", turn=2, rating="down", comment="Too short", correction="60 days in December"
        )
        assert await caller.silence() == []
    (opinion,) = await house.store.opinions(10)
    home = await house.store.conversation(caller.conversation)
    assert (opinion.rating, opinion.comment, opinion.correction) == (
        "down",
        "Too short",
        "60 days in December",
    )
    assert opinion.rater == home.address.account


async def test_only_answers_can_be_rated(house: House) -> None:
    async with call(house) as caller:
        await caller.hello()
        await caller.ask("Until when can I return it?", "m1")
        for turn in (1, 99):
            await caller.send(type="feedback", turn=turn, rating="up")
            assert (await caller.next())["code"] == "unknown_turn"


async def test_an_answer_of_another_process_arrives_by_the_outbox(house: House) -> None:
    """The worker of another replica commits; this replica's relay finds the client."""
    async with call(house) as caller:
        await caller.hello()
        conversation = await house.store.conversation(caller.conversation)
        said = Utterance(conversation.address, "m1", "Asked elsewhere?")
        await house.store.accept(said, conversation.id)
        answer = await caller.until("answer")
        assert answer["reply_to"] == 1


async def test_the_store_is_read_now_and_then_for_what_no_event_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.websocket.HEARTBEAT", 0.05)
    heartbeat = asyncio.create_task(house.channel.run(house.manager))
    async with call(house) as caller:
        await caller.hello()
        conversation = await house.store.conversation(caller.conversation)
        await house.store.set_mode(conversation.id, Mode.HUMAN)
        await house.store.accept(Utterance(conversation.address, "m1", "Anyone there?"), conversation.id)
        assert await caller.until("said") == {"type": "said", "turn": 1, "text": "Anyone there?"}
    heartbeat.cancel()


async def test_clients_of_two_replicas_see_the_same_conversation(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.websocket.HEARTBEAT", 0.1)
    async with (
        keep_house(sqlite_url, WebsocketChannel(VOICE)) as here,
        keep_house(sqlite_url, WebsocketChannel(VOICE)) as there,
        call(here) as one,
        call(there) as other,
    ):
        await one.hello()
        await other.hello(one.conversation)
        for n in range(3):
            asker, listener = (one, other) if n % 2 else (other, one)
            answer = await asker.ask(f"Question {n}?", f"m{n}")
            assert await listener.until("answer") == answer
            assert [frame["type"] for frame in listener.frames if frame["type"] == "said"]
        assert await one.silence() == await other.silence() == []


async def test_a_long_conversation_is_replayed_from_its_end(house: House) -> None:
    async with call(house) as caller:
        await caller.hello()
        conversation = await house.store.conversation(caller.conversation)
        await house.store.set_mode(conversation.id, Mode.HUMAN)
        for n in range(230):
            await house.store.accept(Utterance(conversation.address, f"x{n}", f"Turn {n}"), conversation.id)
        ready = await caller.hello(conversation.id)
        assert [turn["turn"] for turn in ready["turns"]] == list(range(131, 231))
        assert await caller.silence() == []


async def test_a_server_that_shuts_down_says_so(house: House) -> None:
    async with call(house) as caller:
        await caller.hello()
        await house.shut()
        with pytest.raises(ConnectionClosed) as closed:
            await caller.next()
        await house.open()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_go_on(sqlite_url: str) -> None:
    channel = WebsocketChannel(VOICE, limits=Limits(backlog=40))
    async with keep_house(sqlite_url, channel) as house, call(house) as reader:
        house.speaker.text = " ".join(["x" * 40_000 + " [1]."] * 200)
        house.speaker.pause = 0.002
        await reader.hello()
        async with call(house, max_queue=1) as sleeper:
            await sleeper.hello(reader.conversation)
            await reader.ask("Until when can I return it?", "m1")
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await sleeper.next()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


async def test_tokens_are_asked_for_when_they_are_set(sqlite_url: str) -> None:
    async with keep_house(sqlite_url, WebsocketChannel(VOICE, tokens=["s3cret"])) as house:
        async with call(house) as stranger:
            with pytest.raises(ConnectionClosed) as closed:
                await stranger.hello()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        async with call(house, additional_headers={"Authorization": "Bearer s3cret"}) as program:
            await program.hello()
        async with call(house, subprotocols=["groundtalk", "token.s3cret"]) as browser:
            await browser.hello()
            assert browser.socket.subprotocol == "groundtalk"


async def test_a_page_of_another_site_is_turned_away(house: House) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with call(house, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    async with call(house, origin=house.url) as caller:
        await caller.hello()


async def test_who_is_too_fast_is_told_so(sqlite_url: str) -> None:
    channel = WebsocketChannel(VOICE, limits=Limits(messages=Speed(burst=2, per_second=0)))
    async with keep_house(sqlite_url, channel) as house, call(house) as one, call(house) as other:
        await one.hello()
        await other.hello(one.conversation)
        await one.say("One?", "m1")
        await other.say("Two?", "m2")
        await other.send(type="message", id="m3", text="Three?")
        refused = await other.until("error")
        assert (refused["code"], refused["id"]) == ("too_fast", "m3")
        assert refused["message"] == VOICE.wording("en").too_fast
        await one.hello()
        await one.say("A conversation has its own pace.", "m1")


async def test_frames_have_a_pace_too(sqlite_url: str) -> None:
    channel = WebsocketChannel(VOICE, limits=Limits(frames=Speed(burst=3, per_second=0)))
    async with keep_house(sqlite_url, channel) as house, call(house) as caller:
        for _ in range(5):
            await caller.send(type="cancel")
        codes = [frame["code"] for frame in await caller.silence()]
        assert codes == ["hello_first"] * 3 + ["too_fast"] * 2


def _without_type(frame: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in frame.items() if key != "type"}


async def _until(house: House, conversation: str, turns: int) -> None:
    async def stored() -> bool:
        return len(await house.store.turns(conversation, 0, turns)) == turns

    await eventually(stored)


async def _until_delivered(house: House) -> None:
    async def delivered() -> bool:
        return (await house.store.backlog()).parcels == 0

    await eventually(delivered)
