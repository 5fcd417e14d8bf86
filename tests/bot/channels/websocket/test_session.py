"""Several clients of one conversation, in one process and in several: each is shown every turn once."""

from bot.channels.websocket.channel import WebsocketChannel
from dialogue.conversation import Answer, Mode, OutboxMessage, Utterance
from dialogue.delivery import ReportProgress
from tests.bot.channels.bot_fixture import VOICE, BotFixture, bot_fixture
from tests.bot.channels.client import connect_client


class DeliveredElsewhere(WebsocketChannel):
    """Its outbox messages are always taken by another process, which delivers them to its own clients."""

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        pass


async def answer_elsewhere(bot: BotFixture, conversation_id: str, question: str) -> None:
    """Another replica receives a question, answers it and commits; no event of it reaches this process."""
    store = bot.store
    conversation = await store.conversations.get(conversation_id)
    claim = await store.claims.claim(conversation.id, "another replica", 60)
    assert claim is not None
    receipt = await store.turns.accept(Utterance(conversation.address, question, question), conversation.id)
    turn = await store.claims.begin(claim, receipt.turn)
    answer = Answer("Yes.", question)
    await store.turns.commit(claim, turn, answer, bot.channel.render(answer, turn))
    await store.claims.release(claim)


async def test_every_tab_of_a_conversation_sees_everything(bot: BotFixture) -> None:
    async with connect_client(bot) as one, connect_client(bot) as other:
        await one.hello()
        await other.hello(one.conversation)
        answer = await one.ask("Until when can I return it?", "m1")
        assert await other.until("answer") == answer
    assert other.frames[1] == {"type": "said", "turn": 1, "text": "Until when can I return it?"}
    assert {"rewritten", "passages", "token"} <= {frame["type"] for frame in other.frames}
    assert "said" not in [frame["type"] for frame in one.frames]


async def test_each_client_gets_each_answer_once(bot: BotFixture) -> None:
    async with connect_client(bot) as one, connect_client(bot) as other:
        await one.hello()
        await other.hello(one.conversation)
        for n in range(5):
            await one.send(type="message", id=f"m{n}", text=f"Question {n}?")
        await bot.until_turns(one.conversation, 10)
        for client in (one, other):
            answers = [frame["turn"] for frame in await client.silence(0.5) if frame["type"] == "answer"]
            assert sorted(answers) == sorted(set(answers))
            assert len(answers) == 5


async def test_an_answer_of_another_process_arrives_through_the_outbox(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
        await answer_elsewhere(bot, client.conversation, "Asked elsewhere?")
        shown = [await client.next(), await client.next()]
    assert [(frame["type"], frame["turn"], frame["text"]) for frame in shown] == [
        ("said", 1, "Asked elsewhere?"),
        ("answer", 2, "Yes."),
    ]


async def test_answers_come_from_the_outbox_and_not_from_events(sqlite_url: str) -> None:
    """Without the outbox, an answer of this very process shows up only in a later look at the store."""
    channel = DeliveredElsewhere(VOICE, outbox_grace=60)
    async with bot_fixture(sqlite_url, channel) as bot, connect_client(bot) as client:
        await client.hello()
        await client.say("Until when can I return it?", "m1")
        await bot.until_turns(client.conversation, 2)
        assert {frame["type"] for frame in await client.silence()} <= {
            "rewritten",
            "passages",
            "writing",
            "token",
        }


async def test_an_answer_that_another_process_delivered_is_shown_after_a_moment(sqlite_url: str) -> None:
    channel = DeliveredElsewhere(VOICE, outbox_grace=0.1)
    async with bot_fixture(sqlite_url, channel) as bot, connect_client(bot) as client:
        await client.hello()
        for n in range(3):
            answer = await client.ask(f"Question {n}?", f"m{n}")
            assert answer["reply_to"] == 2 * n + 1
        assert await client.silence() == []


async def test_the_heartbeat_shows_what_no_event_announced(sqlite_url: str) -> None:
    channel = DeliveredElsewhere(VOICE, heartbeat=0.05)
    async with bot_fixture(sqlite_url, channel) as bot, connect_client(bot) as client:
        await client.hello()
        await answer_elsewhere(bot, client.conversation, "Asked elsewhere?")
        assert await client.until("said") == {"type": "said", "turn": 1, "text": "Asked elsewhere?"}
        assert (await client.until("answer"))["turn"] == 2


async def test_clients_of_two_replicas_see_the_same_conversation(sqlite_url: str) -> None:
    async with (
        bot_fixture(sqlite_url, WebsocketChannel(VOICE, heartbeat=0.1)) as here,
        bot_fixture(sqlite_url, WebsocketChannel(VOICE, heartbeat=0.1)) as there,
        connect_client(here) as one,
        connect_client(there) as other,
    ):
        await one.hello()
        await other.hello(one.conversation)
        for n in range(3):
            asking, watching = (one, other) if n % 2 else (other, one)
            answer = await asking.ask(f"Question {n}?", f"m{n}")
            assert await watching.until("answer") == answer
            assert [frame["type"] for frame in watching.frames if frame["type"] == "said"]
        assert await one.silence() == await other.silence() == []


async def test_a_long_conversation_is_replayed_from_its_end(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
        conversation = await bot.store.conversations.get(client.conversation)
        await bot.store.conversations.set_mode(conversation.id, Mode.HUMAN)
        for n in range(230):
            await bot.store.turns.accept(
                Utterance(conversation.address, f"x{n}", f"Turn {n}"), conversation.id
            )
        ready = await client.hello(conversation.id)
        assert [turn["turn"] for turn in ready["turns"]] == list(range(131, 231))
        assert await client.silence() == []


async def test_who_comes_in_the_middle_of_an_answer_is_shown_what_came_before(bot: BotFixture) -> None:
    bot.chat_model.waiting.clear()
    async with connect_client(bot) as first:
        await first.hello()
        await first.say("Until when can I return it?", "m1")
        token = await first.until("token")
    async with connect_client(bot) as again:
        await again.hello(first.conversation, after=1)
        missed = await again.silence()
        assert [frame["type"] for frame in missed] == ["rewritten", "passages", "writing", "token"]
        assert missed[-1] == token
        assert missed[1]["passages"][0]["title"] == "Returns"
        bot.chat_model.waiting.set()
        answer = await again.until("answer")
        await again.hello(first.conversation)
        assert await again.silence() == []
    assert answer["reply_to"] == 1
