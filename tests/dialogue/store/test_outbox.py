"""The outbox: in order, to one dispatcher at a time, until the message arrives."""

import asyncio
from datetime import timedelta

from dialogue.conversation import Address, OutboxMessage
from dialogue.store.outbox import Outbox
from dialogue.store.store import Store
from tests.dialogue.store.rows import rows
from tests.dialogue.store.samples import ANSWER, CHAT, exchange


async def due(
    store: Store, *, channel: str = "telegram", owner: str = "dispatcher", lease: float = 60
) -> list[OutboxMessage]:
    return await store.outbox.due(channel, owner, limit=10, seconds=lease)


async def test_a_committed_answer_is_due(store: Store) -> None:
    answer = await exchange(store, "What voltage?")

    (outgoing,) = await due(store)

    assert (outgoing.conversation, outgoing.turn, outgoing.address) == (
        answer.conversation,
        answer.number,
        CHAT,
    )
    assert outgoing.payload == {"text": ANSWER.text}
    assert (outgoing.progress, outgoing.attempts) == (0, 1)


async def test_a_leased_message_is_not_due_until_the_lease_ends(store: Store) -> None:
    await exchange(store, "What voltage?")

    (first,) = await due(store, lease=60)
    assert await due(store) == []
    await store.outbox.postpone(first, 0, "line busy")
    (second,) = await due(store, lease=0)
    (third,) = await due(store)

    assert [first.attempts, second.attempts, third.attempts] == [1, 2, 3]


async def test_two_dispatchers_never_lease_the_same_message(store: Store, store_url: str) -> None:
    for n in range(12):
        await exchange(store, "hello", Address("telegram", str(n)))

    async with await Store.open(store_url) as other:
        looks = [r.outbox.due("telegram", "dispatcher", 3, 60) for r in [store, other] * 6]
        leased = [outgoing.id for found in await asyncio.gather(*looks) for outgoing in found]
        leased += [outgoing.id for outgoing in await due(store)]

    assert len(leased) == len(set(leased)) == 12


async def test_other_channels_have_their_own_messages(store: Store) -> None:
    await exchange(store, "hello", Address("websocket", "1"))

    assert await due(store, channel="telegram") == []
    assert len(await due(store, channel="websocket")) == 1


async def test_order_is_kept_within_a_conversation(store: Store) -> None:
    for text in "abc":
        await exchange(store, text)

    report_progress = []
    while found := await due(store):
        (outgoing,) = found
        assert await due(store) == []
        report_progress.append(outgoing.turn)
        await store.outbox.mark_delivered(outgoing)

    assert report_progress == [2, 4, 6]


async def test_a_postponed_message_holds_back_the_later_ones(store: Store) -> None:
    await exchange(store, "a")
    await exchange(store, "b")
    (first,) = await due(store)

    await store.outbox.postpone(first, 60, "flood")

    assert await due(store) == []


async def test_an_abandoned_message_makes_way(store: Store, store_url: str) -> None:
    await exchange(store, "a")
    await exchange(store, "b")
    (first,) = await due(store)

    await store.outbox.abandon(first, "blocked by the person")

    (second,) = await due(store)
    assert second.turn == 4
    row = (await rows(store_url, "outbox"))[0]
    assert (row["delivered"], row["reason"]) == (False, "blocked by the person")


async def test_parts_that_arrived_are_not_forgotten(store: Store) -> None:
    await exchange(store, "tell me everything")
    (outgoing,) = await due(store)

    await store.outbox.record_progress(outgoing, 2, seconds=0)

    (again,) = await due(store)
    assert again.progress == 2


async def test_progress_prolongs_the_lease(store: Store) -> None:
    await exchange(store, "tell me everything")
    (outgoing,) = await due(store, lease=0)

    await store.outbox.record_progress(outgoing, 1, seconds=60)

    assert await due(store) == []


async def test_a_sender_that_lost_its_lease_changes_nothing(store: Store) -> None:
    await exchange(store, "a")
    (stalled,) = await due(store, lease=0)
    (current,) = await due(store, lease=0)

    await store.outbox.record_progress(stalled, 5, 60)
    await store.outbox.abandon(stalled, "gone")
    await store.outbox.postpone(stalled, 60, "flood")

    (again,) = await due(store)
    assert again.progress == current.progress == 0


async def test_what_cannot_be_delivered_for_a_day_is_abandoned(store: Store, store_url: str) -> None:
    await exchange(store, "a")
    await exchange(store, "b")
    (first,) = await due(store)

    await Outbox(store.database, give_up_after=timedelta(0)).postpone(first, 0, "network down")

    assert [outgoing.turn for outgoing in await due(store)] == [4]
    assert "network down" in str((await rows(store_url, "outbox"))[0]["reason"])


async def test_a_page_that_saw_the_turns_gets_no_message(store: Store) -> None:
    for text in "abc":
        answer = await exchange(store, text)

    await store.outbox.mark_seen(answer.conversation, 4)

    assert [outgoing.turn for outgoing in await due(store)] == [6]
