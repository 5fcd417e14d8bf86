"""History: windows over a conversation, each answer after its question."""

import pytest

from dialogue.conversation import Answer, Mode, Passage
from dialogue.errors import UnknownTurn
from dialogue.store.store import Store
from tests.dialogue.store.samples import ANSWER, CHAT, MANUAL, ask, exchange, reply


async def test_history_ends_before_the_question(store: Store) -> None:
    await exchange(store, "What voltage?")
    question = await ask(store, "And its colour?")

    history = await store.turns.history(question.conversation, before=question.number, limit=10)

    assert [turn.text for turn in history] == ["What voltage?", ANSWER.text]


async def test_history_is_the_newest_part_oldest_first(store: Store) -> None:
    for text in "abcd":
        last = await exchange(store, text)

    history = await store.turns.history(last.conversation, before=last.number + 1, limit=3)

    assert [turn.text for turn in history] == [ANSWER.text, "d", ANSWER.text][-3:]
    assert [turn.number for turn in history] == [6, 7, 8]


async def test_answer_stands_after_its_question_even_if_another_question_came_between(store: Store) -> None:
    first = await ask(store, "What voltage?")
    second = await ask(store, "What colour?")
    await reply(store, first, Answer("230", "q"))

    assert [turn.text for turn in await store.turns.history(first.conversation, first.number, 10)] == []
    before_second = await store.turns.history(first.conversation, second.number, 10)
    assert [turn.text for turn in before_second] == ["What voltage?", "230"]

    await reply(store, second, Answer("grey", "q"))
    third = await ask(store, "And its weight?")
    told = await store.turns.history(first.conversation, third.number, 10)
    assert [turn.text for turn in told] == ["What voltage?", "230", "What colour?", "grey"]


async def test_turns_after_a_number(store: Store) -> None:
    for text in "ab":
        answer = await exchange(store, text)

    turns = await store.turns.after(answer.conversation, number=1, limit=2)

    assert [turn.number for turn in turns] == [2, 3]
    assert turns[0].citations == ANSWER.citations
    assert turns[0].reply_to == 1


async def test_one_turn(store: Store) -> None:
    answer = await exchange(store, "What voltage?")

    assert await store.turns.get(answer.conversation, 2) == answer
    for number in (0, 3, -1, 2**80):
        with pytest.raises(UnknownTurn):
            await store.turns.get(answer.conversation, number)


async def test_no_turns_of_an_unknown_conversation(store: Store) -> None:
    assert await store.turns.after("no\0such\ud800id", 0, 10) == []


async def test_passage_as_it_was_shown(store: Store) -> None:
    answer = await exchange(store, "What voltage?")

    assert await store.turns.passage(answer.conversation, "chunk-1") == MANUAL
    assert await store.turns.passage(answer.conversation, "chunk-2") is None


async def test_passage_of_another_conversation_is_not_shown(store: Store) -> None:
    await exchange(store, "What voltage?")
    other = await store.conversations.start(CHAT)

    assert await store.turns.passage(other.id, "chunk-1") is None


async def test_a_changed_document_does_not_change_what_was_shown(store: Store) -> None:
    before = await exchange(store, "What voltage?")
    conversation = await store.conversations.start(CHAT)
    changed = Passage(1, "chunk-1", "Manual", "manual.md", "The charger takes 110 volts.", 0.8)
    await reply(store, await ask(store, "What voltage?"), Answer("110", "q", passages=(changed,)))

    assert await store.turns.passage(before.conversation, "chunk-1") == MANUAL
    assert await store.turns.passage(conversation.id, "chunk-1") == changed


async def test_passage_shown_twice_is_the_latest(store: Store) -> None:
    first = await exchange(store, "What voltage?")
    changed = Passage(3, "chunk-1", "Manual", "manual.md", "The charger takes 110 volts.", 0.8)
    await reply(store, await ask(store, "Sure?"), Answer("110", "q", passages=(changed,)))

    assert await store.turns.passage(first.conversation, "chunk-1") == changed


async def test_turns_with_a_human_are_history_too(store: Store) -> None:
    first = await ask(store, "Hello?")
    await store.conversations.set_mode(first.conversation, Mode.HUMAN)
    second = await ask(store, "Is anybody there?")

    assert [turn.text for turn in await store.turns.history(first.conversation, second.number, 5)] == [
        "Hello?"
    ]
