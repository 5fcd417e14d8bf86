"""Delivery from the outbox (I5): what was committed reaches the person, in order, whatever fails.

`Courier` is what a channel implements; `Relay` sends one channel's messages through it. The dispatcher knows
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
"""Records how many parts of a message have arrived, so that a retry does not send them again."""

FIRST_RETRY, LONGEST_RETRY = 1.0, 300.0
"""Seconds to wait after the first failure and at most; each failure doubles the wait."""


class Postponed(Exception):
    """The channel cannot take the message now: try again in `seconds`."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(f"{reason}; again in {seconds:g} s")
        self.seconds = seconds
        self.reason = reason


class Undeliverable(Exception):
    """The message will never arrive: the person blocked the bot, the chat is gone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sender(Protocol):
    """A channel's way out."""

    channel: str

    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any] | None:
        """The answer to the user's `turn` in the form that will be sent: JSON. Called before the commit."""

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        """Send the payload's parts after the first `outgoing.progress`, and tell `report_progress` of each.

        Raises Postponed or Undeliverable; any other exception is retried with back-off.
        """


class OutboxDispatcher:
    """Sends the messages of one channel, one by one within a conversation, conversations side by side."""

    def __init__(
        self,
        outbox: Outbox,
        sender: Sender,
        owner: str,
        *,
        lease: float = 60.0,
        poll: float = 1.0,
        abreast: int = 16,
    ) -> None:
        """`lease`: seconds that a delivery may go without progress. `poll`: seconds between two looks."""
        self._outbox = outbox
        self._sender = sender
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
        """Take no more messages; `run` returns when those on their way have arrived or failed."""
        self._closing = True
        self.wake()

    async def run(self) -> None:
        """Deliver until closed or cancelled. Cancelled, what is on its way is given back to be sent again."""
        async with asyncio.TaskGroup() as group:
            while not self._closing:
                self._woken.clear()
                for outgoing in await self._due():
                    delivery = group.create_task(self._send(outgoing))
                    self._deliveries.add(delivery)
                    delivery.add_done_callback(self._finished)
                await self._rest()

    async def _due(self) -> list[OutboxMessage]:
        room = self._abreast - len(self._deliveries)
        if not room:
            return []
        try:
            return await self._outbox.due(self._sender.channel, self._owner, room, self._lease)
        except StoreUnavailable as error:
            log.warning("outbox_unreadable", channel=self._sender.channel, error=str(error))
            return []

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), self._poll)
        except TimeoutError:
            return

    def _finished(self, delivery: asyncio.Task[None]) -> None:
        """The next message of that conversation may be due."""
        self._deliveries.discard(delivery)
        self.wake()

    async def _send(self, outgoing: OutboxMessage) -> None:
        """Deliver and record how it went. What cannot be recorded falls due again when the lease ends."""
        note = log.bind(channel=self._sender.channel, conversation=outgoing.conversation, turn=outgoing.turn)
        try:
            await self._attempt(outgoing, note)
        except asyncio.CancelledError:
            await asyncio.shield(self._outbox.postpone(outgoing, 0.0, "stopped"))
            raise
        except Exception as error:
            note.warning("delivery_unrecorded", error=type(error).__name__)

    async def _attempt(self, outgoing: OutboxMessage, note: Any) -> None:
        try:
            await self._deliver(outgoing)
        except Postponed as delay:
            note.info("delivery_postponed", seconds=delay.seconds, reason=delay.reason)
            await self._outbox.postpone(outgoing, delay.seconds, delay.reason)
        except Undeliverable as end:
            note.warning("delivery_abandoned", reason=end.reason)
            await self._outbox.abandon(outgoing, end.reason)
        except StoreUnavailable:
            raise
        except Exception as fault:
            seconds = backoff(outgoing.attempts)
            note.warning("delivery_failed", seconds=seconds, error=type(fault).__name__)
            await self._outbox.postpone(outgoing, seconds, type(fault).__name__)
        else:
            await self._outbox.mark_delivered(outgoing)

    async def _deliver(self, outgoing: OutboxMessage) -> None:
        """Raises TimeoutError when nothing arrives for a lease, for then another replica may begin."""
        loop = asyncio.get_running_loop()

        async def report_progress(progress: int) -> None:
            await self._outbox.record_progress(outgoing, progress, self._lease)
            timeouts.reschedule(loop.time() + self._lease)

        async with asyncio.timeout(self._lease) as timeouts:
            await self._sender.send(outgoing, report_progress)


def backoff(attempts: int) -> float:
    """Seconds to wait after so many attempts: doubling, with jitter against stampedes."""
    longest = min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(attempts - 1, 30))
    return longest * random.uniform(0.5, 1.0)
