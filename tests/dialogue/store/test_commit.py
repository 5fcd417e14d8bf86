"""An answer is committed once and as a whole, or not at all."""

import dataclasses

import pytest

from dialogue.conversation import Address, Answer, Mode, Passage, Role
from dialogue.errors import ClaimLost
from dialogue.store.store import Store
from tests.dialogue.store.rows import rows
from tests.dialogue.store.samples import ANSWER, MANUAL, ask, exchange, reply


async def test_the_answer_is_the_next_turn(store: Store) -> None:
    question = await ask(store, "What voltage?")

    answer = await reply(store, question)

    assert (answer.number, answer.reply_to, answer.role) == (2, 1, Role.ASSISTANT)
    assert (answer.text, answer.query, answer.citations) == (ANSWER.text, ANSWER.query, ANSWER.citations)
    assert (answer.release, answer.language, answer.abstained) == ("base-1", "en", False)
    assert answer == await store.turns.get(answer.conversation, 2)


async def test_the_conversation_goes_on_in_the_language_of_the_answer(store: Store) -> None:
    question = await ask(store, "Welche Spannung?")

    await reply(store, question, dataclasses.replace(ANSWER, language="de"))

    assert (await store.conversations.get(question.conversation)).language == "de"


async def test_one_answer_a_question(store: Store) -> None:
    question = await ask(store, "What voltage?")
    claim = await store.claims.claim(question.conversation, "one", 60)
    assert claim is not None
    await store.turns.commit(claim, question, ANSWER, {})

    with pytest.raises(ClaimLost):
        await store.turns.commit(claim, question, ANSWER, {})

    assert len(await store.turns.after(question.conversation, 0, 10)) == 2
    assert (await ask(store, "next")).number == 3


async def test_everything_that_made_the_answer_is_kept_for_learning(store: Store, store_url: str) -> None:
    twin = dataclasses.replace(MANUAL, n=2, score=0.5)
    answer = await reply(
        store, await ask(store, "What voltage?"), dataclasses.replace(ANSWER, passages=(MANUAL, twin))
    )

    (stored,) = (row for row in await rows(store_url, "turn") if row["number"] == answer.number)
    hits = await rows(store_url, "hit")
    (passage,) = await rows(store_url, "passage")

    assert (stored["query"], stored["release"], stored["timings"]) == (
        ANSWER.query,
        "base-1",
        {"answer": 0.5},
    )
    assert [(hit["n"], hit["score"]) for hit in hits] == [(1, 0.71), (2, 0.5)]
    assert {hit["passage"] for hit in hits} == {passage["digest"]}
    assert (passage["chunk"], passage["text"]) == (MANUAL.chunk, MANUAL.text)


async def test_the_same_passage_is_stored_once(store: Store, store_url: str) -> None:
    for n in range(5):
        await exchange(store, "What voltage?", Address("telegram", str(n)))

    assert len(await rows(store_url, "passage")) == 1
    assert len(await rows(store_url, "hit")) == 5


async def test_nothing_is_stored_if_any_part_fails(store: Store, store_url: str) -> None:
    question = await ask(store, "What voltage?")
    claim = await store.claims.claim(question.conversation, "one", 60)
    assert claim is not None
    unstorable = dataclasses.replace(ANSWER, timings={"answer": object()})  # type: ignore[dict-item]

    with pytest.raises(Exception, match="JSON"):
        await store.turns.commit(claim, question, unstorable, {})

    assert await store.claims.next_pending(question.conversation) == question
    assert await rows(store_url, "outbox") == await rows(store_url, "passage") == []
    assert (await store.turns.commit(claim, question, ANSWER, {})).number == 2


async def test_an_abstention_has_no_grounds(store: Store) -> None:
    nothing = Answer("I found no answer.", "q", abstained=True)

    answer = await reply(store, await ask(store, "Who will win?"), nothing)

    assert answer.abstained
    assert answer.citations == ()


async def test_an_answer_may_hold_any_text(store: Store) -> None:
    odd = Answer("a\0\ud800", "\0", passages=(Passage(1, "c", "\0", "\ud800", "\0", 0.0),), release="\0")

    answer = await reply(store, await ask(store, "\0"), odd)

    assert answer.text == "a\ufffd\ufffd"
    assert await store.turns.passage(answer.conversation, "c") is not None


async def test_a_turn_may_be_closed_with_nothing_to_deliver(store: Store, store_url: str) -> None:
    question = await ask(store, "What voltage?")
    claim = await store.claims.claim(question.conversation, "one", 60)
    assert claim is not None

    await store.turns.commit(claim, question, dataclasses.replace(ANSWER, failed=True), None)

    assert await store.claims.next_pending(question.conversation) is None
    assert await rows(store_url, "outbox") == []


async def test_an_answer_that_hands_over_leaves_what_waits_to_the_human(store: Store, store_url: str) -> None:
    question, another = await ask(store, "A human, please"), await ask(store, "Hello?")

    await reply(store, question, dataclasses.replace(ANSWER, hand_over=True))

    assert (await store.conversations.get(question.conversation)).mode is Mode.HUMAN
    assert await store.claims.next_pending(another.conversation) is None
    assert len(await rows(store_url, "outbox")) == 1
