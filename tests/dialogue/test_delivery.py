"""The dispatcher delivers committed answers in order, whatever the channel does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog

from dialogue.conversation import Address, Answer, OutboxMessage, Turn
from dialogue.delivery import OutboxDispatcher, Postponed, ReportProgress, Undeliverable, backoff
from dialogue.errors import StoreUnavailable
from dialogue.store.store import Store
from tests.dialogue.store.rows import rows
from tests.dialogue.store.samples import ask, reply


class ListSender:
    """A sender that delivers into a list, after raising the given exceptions."""

    channel = "telegram"

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.arrived: list[tuple[str, Any]] = []
        self.tried = 0
        self.changed = asyncio.Event()

    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any]:
        return {"parts": answer.text.split()}

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        self.tried += 1
        self.changed.set()
        if self.failures:
            raise self.failures.pop(0)
        self.receive(outgoing)

    def receive(self, outgoing: OutboxMessage) -> None:
        self.arrived.append((outgoing.address.account, outgoing.payload["text"]))
        self.changed.set()

    async def until(self, number: int) -> None:
        """Wait until so many messages or parts have arrived."""
        await self._wait(lambda: len(self.arrived) >= number)

    async def until_tried(self, times: int) -> None:
        await self._wait(lambda: self.tried >= times)

    async def _wait(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not done():
                await self.changed.wait()
                self.changed.clear()


@asynccontextmanager
async def dispatching(store: Store, sender: ListSender, **settings: Any) -> AsyncIterator[OutboxDispatcher]:
    dispatcher = OutboxDispatcher(
        store.outbox, sender, "dispatcher", **{"poll": 0.02, "first_retry": 0.01} | settings
    )
    running = asyncio.create_task(dispatcher.run())
    yield dispatcher
    dispatcher.close()
    await asyncio.wait_for(running, 10)


async def say(store: Store, text: str, account: str = "1") -> None:
    await reply(store, await ask(store, "?", Address("telegram", account)), Answer(text, "?"))


async def unsettled(url: str) -> int:
    return sum(row["settled_at"] is None for row in await rows(url, "outbox"))


async def test_messages_arrive_in_order(store: Store, store_url: str) -> None:
    for text in ("one", "two", "three"):
        await say(store, text)

    async with dispatching(store, sender := ListSender()):
        await sender.until(3)

    assert [text for _, text in sender.arrived] == ["one", "two", "three"]
    assert await unsettled(store_url) == 0


async def test_a_woken_dispatcher_does_not_wait_for_its_next_look(store: Store) -> None:
    async with dispatching(store, sender := ListSender(), poll=60) as dispatcher:
        await asyncio.sleep(0.1)
        await say(store, "hello")
        dispatcher.wake()
        await sender.until(1)


async def test_failure_is_retried_and_order_kept(store: Store) -> None:
    await say(store, "one")
    await say(store, "two")
    failures = [Postponed(0.01, "flood"), RuntimeError("a fault of the channel"), OSError("network down")]

    async with dispatching(store, sender := ListSender(*failures)):
        await sender.until(2)

    assert [text for _, text in sender.arrived] == ["one", "two"]


async def test_a_conversation_that_fails_does_not_hold_up_others(store: Store, store_url: str) -> None:
    await say(store, "flooded", "1")
    await say(store, "fine", "2")

    async with dispatching(store, sender := ListSender(Postponed(60, "flood"))):
        await sender.until(1)

    assert sender.arrived == [("2", "fine")]
    assert await unsettled(store_url) == 1


async def test_the_undeliverable_is_abandoned_with_its_reason(store: Store, store_url: str) -> None:
    await say(store, "one")
    await say(store, "two")

    async with dispatching(store, sender := ListSender(Undeliverable("the person blocked the bot"))):
        await sender.until(1)

    assert [text for _, text in sender.arrived] == ["two"]
    assert (await rows(store_url, "outbox"))[0]["reason"] == "the person blocked the bot"


class InParts(ListSender):
    """Sends word by word and breaks down once, after the second."""

    broken = False

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        words = outgoing.payload["text"].split()
        for n, word in enumerate(words[outgoing.progress :], outgoing.progress + 1):
            self.arrived.append((outgoing.address.account, word))
            self.changed.set()
            await report_progress(n)
            if n == 2 and not self.broken:
                self.broken = True
                raise Postponed(0, "connection lost")


async def test_parts_that_arrived_are_not_sent_again(store: Store) -> None:
    await say(store, "a b c d")

    async with dispatching(store, sender := InParts()):
        await sender.until(4)

    assert [word for _, word in sender.arrived] == ["a", "b", "c", "d"]


class Stuck(ListSender):
    """Hangs at the first delivery."""

    def __init__(self) -> None:
        super().__init__()
        self.hung = asyncio.Event()

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        if not self.hung.is_set():
            self.hung.set()
            await asyncio.Event().wait()
        self.receive(outgoing)


async def test_a_delivery_that_hangs_is_given_up_when_its_lease_ends(store: Store) -> None:
    await say(store, "hello")

    async with dispatching(store, sender := Stuck(), lease=0.2):
        await sender.until(1)


async def test_conversations_are_served_side_by_side(store: Store) -> None:
    for account in "12":
        await say(store, "hello", account)

    running = asyncio.create_task(
        OutboxDispatcher(store.outbox, sender := Stuck(), "dispatcher", lease=60).run()
    )
    await sender.until(1)

    assert sender.hung.is_set()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_a_cancelled_dispatcher_had_in_hand_is_due_at_once(store: Store) -> None:
    await say(store, "hello")
    running = asyncio.create_task(OutboxDispatcher(store.outbox, sender := Stuck(), "first").run())
    await sender.hung.wait()

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert len(await store.outbox.due("telegram", "second", 1, 60)) == 1


class Slow(ListSender):
    """Takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        self.begun.set()
        await asyncio.sleep(0.1)
        self.receive(outgoing)


async def test_a_closed_dispatcher_finishes_what_is_on_its_way(store: Store, store_url: str) -> None:
    await say(store, "hello")
    async with dispatching(store, sender := Slow()):
        await sender.begun.wait()

    assert len(sender.arrived) == 1
    assert await unsettled(store_url) == 0


async def test_two_dispatchers_of_one_channel_send_each_message_once(store: Store, store_url: str) -> None:
    for n in range(20):
        await say(store, f"hello {n}", str(n % 5))

    sender = Slow()
    async with await Store.open(store_url) as other, dispatching(store, sender), dispatching(other, sender):
        await sender.until(20)

    for account in "01234":
        texts = [text for address, text in sender.arrived if address == account]
        assert texts == [f"hello {n}" for n in range(int(account), 20, 5)]


class Outage(Store):
    """A store whose database is away for the first looks."""

    outages = 3

    async def due(self, channel: str, owner: str, limit: int, seconds: float) -> list[OutboxMessage]:
        if self.outages:
            self.outages -= 1
            raise StoreUnavailable("The database is away.")
        return await super().due(channel, owner, limit, seconds)


async def test_a_dispatcher_outlives_an_outage_of_the_database(sqlite_url: str) -> None:
    async with await Outage.open(sqlite_url) as store:
        await say(store, "hello")
        async with dispatching(store, sender := ListSender()):
            await sender.until(1)


async def test_logs_hold_no_words_of_people(sqlite_url: str) -> None:
    async with await Store.open(sqlite_url) as store:
        await say(store, "My secret is 42")
        with structlog.testing.capture_logs() as logs:
            async with dispatching(
                store, sender := ListSender(ValueError("My secret is 42"), Undeliverable("gone"))
            ):
                await sender.until_tried(2)

    assert [entry["event"] for entry in logs] == ["delivery_failed", "delivery_abandoned"]
    assert not sender.arrived
    assert "secret" not in str(logs)


def test_back_off_doubles_up_to_a_bound() -> None:
    for attempts, longest in [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (10_000, 300)]:
        waits = [backoff(attempts, 1, 300) for _ in range(50)]
        assert longest / 2 <= min(waits) < max(waits) <= longest
