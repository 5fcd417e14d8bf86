"""One worker per conversation, and no harm from one that stalls."""

import asyncio

import pytest

from dialogue.conversation import Address, Mode
from dialogue.errors import ClaimLost
from dialogue.store.store import Store
from tests.dialogue.store.samples import ANSWER, CHAT, ask, exchange, reply


async def test_a_claimed_conversation_is_not_claimed_again(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)

    claim = await store.claims.claim(conversation.id, "one", 60)

    assert claim is not None
    assert await store.claims.claim(conversation.id, "other", 60) is None


async def test_of_many_workers_one_gets_the_claim(store: Store, store_url: str) -> None:
    conversation = await store.conversations.start(CHAT)
    async with await Store.open(store_url) as other:
        claims = await asyncio.gather(
            *(replica.claims.claim(conversation.id, "w", 60) for replica in [store, other] * 8)
        )

    assert sum(claim is not None for claim in claims) == 1


async def test_released_and_expired_claims_are_free(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)
    first = await store.claims.claim(conversation.id, "one", 60)
    assert first is not None
    await store.claims.release(first)

    second = await store.claims.claim(conversation.id, "two", seconds=0)
    third = await store.claims.claim(conversation.id, "three", 60)

    assert second is not None and third is not None
    assert first.fence < second.fence < third.fence


async def test_renewing_keeps_a_claim(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)
    claim = await store.claims.claim(conversation.id, "one", seconds=0)
    assert claim is not None

    await store.claims.renew(claim, 60)

    assert await store.claims.claim(conversation.id, "other", 60) is None


async def test_overtaken_worker_can_do_nothing(store: Store) -> None:
    turn = await ask(store, "What voltage?")
    stalled = await store.claims.claim(turn.conversation, "stalled", seconds=0)
    taken = await store.claims.claim(turn.conversation, "other", 60)
    assert stalled is not None and taken is not None

    await store.claims.release(stalled)
    with pytest.raises(ClaimLost):
        await store.claims.renew(stalled, 60)
    with pytest.raises(ClaimLost):
        await store.claims.begin(stalled, turn)
    with pytest.raises(ClaimLost):
        await store.turns.commit(stalled, turn, ANSWER, {})

    assert await store.claims.claim(turn.conversation, "third", 60) is None
    assert len(await store.turns.after(turn.conversation, 0, 10)) == 1
    assert (await store.turns.commit(taken, turn, ANSWER, {})).number == 2


async def test_no_claim_on_an_unknown_conversation(store: Store) -> None:
    assert await store.claims.claim("no such id", "one", 60) is None


async def test_turns_wait_in_order(store: Store) -> None:
    first, second = await ask(store, "a"), await ask(store, "b")
    conversation = first.conversation

    assert await store.claims.next_pending(conversation) == first
    await reply(store, first)
    assert await store.claims.next_pending(conversation) == second
    await reply(store, second)
    assert await store.claims.next_pending(conversation) is None


async def test_an_attempt_counts_before_it_is_made(store: Store) -> None:
    turn = await ask(store, "What voltage?")
    claim = await store.claims.claim(turn.conversation, "one", 60)
    assert claim is not None

    assert (await store.claims.begin(claim, turn)).attempts == 1
    assert (await store.claims.begin(claim, turn)).attempts == 2
    again = await store.claims.next_pending(turn.conversation)
    assert again is not None
    assert again.attempts == 2


async def test_unclaimed_conversations_longest_waiting_first(store: Store) -> None:
    waiting = [await ask(store, "hello", Address("telegram", str(n))) for n in range(4)]
    await exchange(store, "answered", Address("telegram", "answered"))
    await store.claims.claim(waiting[1].conversation, "busy", 60)
    await store.claims.claim(waiting[2].conversation, "dead", seconds=0)
    await ask(store, "still there?", Address("telegram", "0"))

    assert await store.claims.unclaimed(10) == [waiting[n].conversation for n in (0, 2, 3)]
    assert await store.claims.unclaimed(1) == [waiting[0].conversation]


async def test_unclaimed_conversations_of_the_channels_that_can_be_answered(store: Store) -> None:
    await ask(store, "hello", Address("fax", "1"))
    answerable = await ask(store, "hello", Address("websocket", "1"))

    assert await store.claims.unclaimed(10, ["websocket", "telegram"]) == [answerable.conversation]


async def test_a_human_takes_over_in_the_midst_of_an_answer(store: Store) -> None:
    turn = await ask(store, "Let me talk to a human!")
    claim = await store.claims.claim(turn.conversation, "bot", 60)
    assert claim is not None

    await store.conversations.set_mode(turn.conversation, Mode.HUMAN)

    with pytest.raises(ClaimLost):
        await store.turns.commit(claim, turn, ANSWER, {})
    await ask(store, "Thank you")
    assert await store.claims.unclaimed(10) == []
    assert await store.claims.next_pending(turn.conversation) is None


async def test_back_from_the_human_the_bot_answers_what_comes_next(store: Store) -> None:
    turn = await ask(store, "Let me talk to a human!")
    await store.conversations.set_mode(turn.conversation, Mode.HUMAN)
    await store.conversations.set_mode(turn.conversation, Mode.BOT)

    latest = await ask(store, "What voltage?")

    assert await store.claims.unclaimed(10) == [turn.conversation]
    assert await store.claims.next_pending(turn.conversation) == latest
