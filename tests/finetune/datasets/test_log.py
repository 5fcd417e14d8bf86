"""The log is read as the bot saw it: the history of each question as it was when it was answered."""

from datetime import timedelta

from dialogue.conversation import Address, Answer, Mode, Turn, Utterance
from dialogue.store.database import Database
from dialogue.store.store import Store
from finetune.datasets.log import ConversationLog, Exchange
from tests.finetune.datasets.logged import Person, answer

ADA = Address("websocket", "ada")


async def read(database: Database) -> list[Exchange]:
    return [exchange async for exchange in ConversationLog(database).exchanges()]


async def said(store: Store, text: str) -> Turn:
    turn = (await store.turns.accept(Utterance(ADA, text, text))).turn
    await store.conversations.set_consent(turn.conversation, True)
    return turn


async def answered(store: Store, turn: Turn, reply: Answer) -> None:
    claim = await store.claims.claim(turn.conversation, "worker", 60)
    assert claim is not None
    await store.turns.commit(claim, turn, reply, {})
    await store.claims.release(claim)


async def test_questions_that_were_asked_at_once_have_the_history_that_the_bot_had(
    store: Store, database: Database
) -> None:
    first, second = await said(store, "one?"), await said(store, "two?")
    await answered(store, first, answer("One [1]."))
    await answered(store, second, answer("Two [1]."))

    exchanges = await read(database)

    assert [exchange.turns for exchange in exchanges] == [(1, 3), (1, 3, 2, 4)]
    for exchange in exchanges:
        asked = exchange.question
        window = await store.turns.history(asked.conversation, before=asked.number, limit=6)
        assert list(exchange.history) == window


async def test_a_question_without_an_answer_is_history_and_no_exchange(
    store: Store, database: Database
) -> None:
    await said(store, "one?")
    await answered(store, await said(store, "two?"), answer())

    (exchange,) = await read(database)

    assert [turn.text for turn in exchange.history] == ["one?"]


async def test_what_a_human_said_is_history_and_no_exchange(store: Store, database: Database) -> None:
    turn = await said(store, "one?")
    await store.conversations.set_mode(turn.conversation, Mode.HUMAN)
    await store.operators.send_as_operator(turn.conversation, "I am Kim.", "kim", lambda reply, turn: {})
    await store.conversations.set_mode(turn.conversation, Mode.BOT)
    await answered(store, await said(store, "two?"), answer())

    (exchange,) = await read(database)

    assert [turn.text for turn in exchange.history] == ["one?", "I am Kim."]


async def test_an_exchange_has_its_own_passages_and_feedback(store: Store, database: Database) -> None:
    ada, ben = Person(store, "ada"), Person(store, "ben")
    turn = await ada.asks("What voltage?")
    await ada.asks("What colour?")
    await ada.rates(turn, "up")
    await ben.rates(turn, "down", "12 volts.")

    rated, unrated = await read(database)

    assert [(said.rater, said.up, said.correction) for said in rated.feedback] == [
        ("websocket:ada", True, None),
        ("websocket:ben", False, "12 volts."),
    ]
    assert unrated.feedback == ()
    assert [passage.n for passage in rated.passages] == [1, 2]
    assert rated.account == "websocket:ada"


async def test_answers_without_consent_are_counted_within_the_window(
    store: Store, database: Database
) -> None:
    turn = await Person(store, "ada", consent=False).asks("What voltage?")
    assert await ConversationLog(database).without_consent() == 1
    assert await ConversationLog(database, turn.created_at).without_consent() == 1
    assert await ConversationLog(database, turn.created_at + timedelta(seconds=1)).without_consent() == 0
    assert await read(database) == []


async def test_history_reaches_across_pages_and_not_across_conversations(
    store: Store, database: Database
) -> None:
    for name in ("ada", "ben"):
        for item in ("lamp", "kettle", "printer", "drill", "radio"):
            await Person(store, name).asks(f"What voltage does the {item} take?")

    paged = [exchange async for exchange in ConversationLog(database, page_size=3).exchanges()]

    assert [len(exchange.history) for exchange in paged] == [0, 2, 4, 6, 6] * 2
    assert paged == await read(database)
