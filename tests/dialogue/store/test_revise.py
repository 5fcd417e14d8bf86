"""A message gets another text while it waits for its answer, and says which turn it replies to."""

from dataclasses import replace

import pytest

from dialogue.errors import ClaimLost
from dialogue.store.store import Store
from tests.dialogue.store.samples import ANSWER, ask, exchange, reply, said


async def test_the_new_text_is_answered_and_the_attempt_at_the_old_one_is_not_committed(store: Store) -> None:
    message = said("Which volltage?")
    turn = (await store.turns.accept(message)).turn
    claim = await store.claims.claim(turn.conversation, "worker", 60)
    assert claim is not None
    begun = await store.claims.begin(claim, turn)

    revised = await store.turns.revise(replace(message, text="Which voltage?"))

    assert revised is not None and revised.turn.text == "Which voltage?" and revised.turn.attempts == 0
    with pytest.raises(ClaimLost):
        await store.turns.commit(claim, begun, ANSWER, None)
    assert await store.claims.unclaimed(10) == [turn.conversation]
    assert (await reply(store, revised.turn)).reply_to == turn.number


async def test_the_same_text_disturbs_nobody(store: Store) -> None:
    message = said("Which voltage?")
    turn = (await store.turns.accept(message)).turn
    claim = await store.claims.claim(turn.conversation, "worker", 60)
    assert claim is not None
    assert await store.turns.revise(message) is None
    assert await store.turns.commit(claim, turn, ANSWER, None)


async def test_an_answered_or_unknown_message_is_not_revised(store: Store) -> None:
    message = said("Which voltage?")
    await reply(store, (await store.turns.accept(message)).turn)
    assert await store.turns.revise(replace(message, text="Which colour?")) is None
    assert await store.turns.revise(said("Never seen")) is None


async def test_a_message_that_was_never_seen_is_stored_before_the_one_that_replies_to_it(
    store: Store,
) -> None:
    question = said("Which voltage?", author="bob")
    message = replace(said("Can you answer this?", author="ada"), about=question)
    first, again = await store.turns.accept(message), await store.turns.accept(message)

    assert (first.turn.number, first.turn.about) == (2, 1) and again.duplicate
    stored = await store.turns.get(first.turn.conversation, 1)
    assert (stored.text, stored.author) == ("Which voltage?", "bob")
    pending = await store.claims.next_pending(first.turn.conversation)
    assert pending is not None and pending.number == 2


async def test_a_known_message_is_not_stored_twice_and_one_of_another_conversation_does_not_count(
    store: Store,
) -> None:
    question = said("Which voltage?")
    number = (await store.turns.accept(question)).turn.number
    later = (await store.turns.accept(replace(said("And in winter?"), about=question))).turn
    assert (number, later.number, later.about) == (1, 2, 1)
    await store.conversations.start(question.address)
    other = (await store.turns.accept(replace(said("And in summer?"), about=question))).turn
    assert (other.number, other.about) == (1, None)


async def test_the_number_of_a_turn_is_kept(store: Store) -> None:
    await exchange(store, "Which voltage?")
    assert (await store.turns.accept(replace(said("And in winter?"), about=1))).turn.about == 1
    assert (await ask(store, "And in summer?")).about is None
