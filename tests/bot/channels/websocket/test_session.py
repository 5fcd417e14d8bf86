"""Several clients of one conversation, in one process and in several: each is shown every turn once."""

import asyncio

import pytest

from bot.channels.websocket.channel import WebsocketChannel
from dialogue.conversation import Mode, Utterance
from tests.bot.channels.bot_fixture import VOICE, BotFixture, bot_fixture
from tests.bot.channels.client import connect_client


async def test_every_tab_of_a_conversation_sees_everything(house: BotFixture) -> None:
    async with connect_client(house) as one, connect_client(house) as other:
        await one.hello()
        await other.hello(one.conversation)
        answer = await one.ask("Until when can I return it?", "m1")
        assert await other.until("answer") == answer
    assert other.frames[1] == {"type": "said", "turn": 1, "text": "Until when can I return it?"}
    assert {"rewritten", "passages", "token"} <= {frame["type"] for frame in other.frames}
    assert "said" not in [frame["type"] for frame in one.frames]


async def test_each_client_gets_each_answer_once(house: BotFixture) -> None:
    async with connect_client(house) as one, connect_client(house) as other:
        await one.hello()
        await other.hello(one.conversation)
        for n in range(5):
            await one.send(type="message", id=f"m{n}", text=f"Question {n}?")
        await house.until_turns(one.conversation, 10)
        for caller in (one, other):
            answers = [frame["turn"] for frame in await caller.silence(0.5) if frame["type"] == "answer"]
            assert sorted(answers) == sorted(set(answers))
            assert len(answers) == 5


async def test_an_answer_of_another_process_arrives_by_the_outbox(house: BotFixture) -> None:
    """The worker of another replica commits; this replica's relay finds the client."""
    async with connect_client(house) as caller:
        await caller.hello()
        conversation = await house.store.conversations.get(caller.conversation)
        said = Utterance(conversation.address, "m1", "Asked elsewhere?")
        await house.store.turns.accept(said, conversation.id)
        answer = await caller.until("answer")
        assert answer["reply_to"] == 1


async def test_the_store_is_read_now_and_then_for_what_no_event_told(
    house: BotFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.websocket.channel.HEARTBEAT", 0.05)
    heartbeat = asyncio.create_task(house.channel.run(house.manager))
    async with connect_client(house) as caller:
        await caller.hello()
        conversation = await house.store.conversations.get(caller.conversation)
        await house.store.conversations.set_mode(conversation.id, Mode.HUMAN)
        await house.store.turns.accept(
            Utterance(conversation.address, "m1", "Anyone there?"), conversation.id
        )
        assert await caller.until("said") == {"type": "said", "turn": 1, "text": "Anyone there?"}
    heartbeat.cancel()


async def test_clients_of_two_replicas_see_the_same_conversation(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.websocket.channel.HEARTBEAT", 0.1)
    async with (
        bot_fixture(sqlite_url, WebsocketChannel(VOICE)) as here,
        bot_fixture(sqlite_url, WebsocketChannel(VOICE)) as there,
        connect_client(here) as one,
        connect_client(there) as other,
    ):
        await one.hello()
        await other.hello(one.conversation)
        for n in range(3):
            asker, subscription = (one, other) if n % 2 else (other, one)
            answer = await asker.ask(f"Question {n}?", f"m{n}")
            assert await subscription.until("answer") == answer
            assert [frame["type"] for frame in subscription.frames if frame["type"] == "said"]
        assert await one.silence() == await other.silence() == []


async def test_a_long_conversation_is_replayed_from_its_end(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        await caller.hello()
        conversation = await house.store.conversations.get(caller.conversation)
        await house.store.conversations.set_mode(conversation.id, Mode.HUMAN)
        for n in range(230):
            await house.store.turns.accept(
                Utterance(conversation.address, f"x{n}", f"Turn {n}"), conversation.id
            )
        ready = await caller.hello(conversation.id)
        assert [turn["turn"] for turn in ready["turns"]] == list(range(131, 231))
        assert await caller.silence() == []
