"""Delivery from the outbox (I5): what was committed reaches the person, in order, whatever fails.

`Courier` is what a channel implements; `Relay` sends one channel's parcels through it. The relay knows
leases and back-off, and nothing of what a payload holds.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import structlog

from dialogue.conversation import Answer, OutboxMessage, Turn
from dialogue.errors import StoreUnavailable
from dialogue.store.outbox import Outbox

log = structlog.get_logger(__name__)

ReportProgress = Callable[[int], Awaitable[None]]
"""Records how many parts of a parcel have arrived, so that a retry does not send them again."""

FIRST_RETRY, LONGEST_RETRY = 1.0, 300.0
"""Seconds to wait after the first failure and at most; each failure doubles the wait."""


class Postponed(Exception):
    """The channel cannot take the parcel now: try again in `seconds`."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(f"{reason}; again in {seconds:g} s")
        self.seconds = seconds
        self.reason = reason


class Undeliverable(Exception):
    """The parcel will never arrive: the person blocked the bot, the chat is gone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sender(Protocol):
    """A channel's way out."""

    channel: str

    def compose(self, answer: Answer, turn: Turn) -> Mapping[str, Any]:
        """The answer to the user's `turn` in the form that will be sent: JSON. Called before the commit."""

    async def deliver(self, parcel: OutboxMessage, arrived: ReportProgress) -> None:
        """Send the payload's parts after the first `parcel.progress`, and tell `arrived` of each.

        Raises Postponed or Undeliverable; any other exception is retried with back-off.
        """


class OutboxDispatcher:
    """Sends the parcels of one channel, one by one within a conversation, conversations side by side."""

    def __init__(
        self,
        store: Outbox,
        courier: Sender,
        owner: str,
        *,
        lease: float = 60.0,
        poll: float = 1.0,
        abreast: int = 16,
    ) -> None:
        """`lease`: seconds that a delivery may go without progress. `poll`: seconds between two looks."""
        self._store = store
        self._courier = courier
        self._owner = owner
        self._lease = lease
        self._poll = poll
        self._abreast = abreast
        self._woken = asyncio.Event()
        self._closing = False
        self._deliveries: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look at once: something was committed."""
        self._woken.set()

    def close(self) -> None:
        """Take no more parcels; `run` returns when those on their way have arrived or failed."""
        self._closing = True
        self.wake()

    async def run(self) -> None:
        """Deliver until closed or cancelled. Cancelled, what is on its way is given back to be sent again."""
        async with asyncio.TaskGroup() as group:
            while not self._closing:
                self._woken.clear()
                for parcel in await self._due():
                    delivery = group.create_task(self._send(parcel))
                    self._deliveries.add(delivery)
                    delivery.add_done_callback(self._finished)
                await self._rest()

    async def _due(self) -> list[OutboxMessage]:
        room = self._abreast - len(self._deliveries)
        if not room:
            return []
        try:
            return await self._store.due(self._courier.channel, self._owner, room, self._lease)
        except StoreUnavailable as error:
            log.warning("outbox_unreadable", channel=self._courier.channel, error=str(error))
            return []

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), self._poll)
        except TimeoutError:
            return

    def _finished(self, delivery: asyncio.Task[None]) -> None:
        """The next parcel of that conversation may be due."""
        self._deliveries.discard(delivery)
        self.wake()

    async def _send(self, parcel: OutboxMessage) -> None:
        """Deliver and record how it went. What cannot be recorded falls due again when the lease ends."""
        note = log.bind(channel=self._courier.channel, conversation=parcel.conversation, turn=parcel.turn)
        try:
            await self._attempt(parcel, note)
        except asyncio.CancelledError:
            await asyncio.shield(self._store.postpone(parcel, 0.0, "stopped"))
            raise
        except Exception as error:
            note.warning("delivery_unrecorded", error=type(error).__name__)

    async def _attempt(self, parcel: OutboxMessage, note: Any) -> None:
        try:
            await self._deliver(parcel)
        except Postponed as delay:
            note.info("delivery_postponed", seconds=delay.seconds, reason=delay.reason)
            await self._store.postpone(parcel, delay.seconds, delay.reason)
        except Undeliverable as end:
            note.warning("delivery_abandoned", reason=end.reason)
            await self._store.abandon(parcel, end.reason)
        except StoreUnavailable:
            raise
        except Exception as fault:
            seconds = backoff(parcel.attempts)
            note.warning("delivery_failed", seconds=seconds, error=type(fault).__name__)
            await self._store.postpone(parcel, seconds, type(fault).__name__)
        else:
            await self._store.delivered(parcel)

    async def _deliver(self, parcel: OutboxMessage) -> None:
        """Raises TimeoutError when nothing arrives for a lease, for then another replica may begin."""
        loop = asyncio.get_running_loop()

        async def arrived(progress: int) -> None:
            await self._store.arrived(parcel, progress, self._lease)
            patience.reschedule(loop.time() + self._lease)

        async with asyncio.timeout(self._lease) as patience:
            await self._courier.deliver(parcel, arrived)


def backoff(attempts: int) -> float:
    """Seconds to wait after so many attempts: doubling, with jitter against stampedes."""
    longest = min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(attempts - 1, 30))
    return longest * random.uniform(0.5, 1.0)
