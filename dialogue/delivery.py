"""Delivery from the outbox (I5): committed answers reach the person, in order, whatever fails.

A channel implements `Sender`; an `OutboxDispatcher` sends the messages of one channel through it. The dispatcher
handles leases and back-off and does not look into payloads. A sender reports problems by raising `Postponed` or
`Undeliverable`.
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
"""Records how many parts of a message arrived, so that a retry does not send them again."""


class Postponed(Exception):
    """The channel cannot take the message now; it is sent again after `seconds`."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(f"{reason}; again in {seconds:g} s")
        self.seconds = seconds
        self.reason = reason


class Undeliverable(Exception):
    """The message can never be delivered: the person blocked the bot, or the chat is gone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sender(Protocol):
    """The sending side of a channel."""

    channel: str

    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any] | None:
        """The payload (JSON) for the answer to the user's `turn`; None sends nothing. Called before the commit."""

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        """Send the parts of the payload after the first `outgoing.progress`, calling `report_progress` after each.

        Raises Postponed or Undeliverable; after any other exception it is retried with back-off.
        """


class OutboxDispatcher:
    """Sends the messages of one channel: in order within a conversation, several conversations at a time."""

    def __init__(
        self,
        outbox: Outbox,
        sender: Sender,
        owner: str,
        *,
        lease: float = 60.0,
        poll: float = 1.0,
        max_concurrency: int = 16,
        first_retry: float = 1.0,
        longest_retry: float = 300.0,
    ) -> None:
        """All times in seconds. lease: how long a delivery may go without progress. poll: between two queries for due
        messages. first_retry: the wait after the first failure, doubled by each further one up to longest_retry.
        """
        self._outbox = outbox
        self._sender = sender
        self._owner = owner
        self._lease = lease
        self._poll = poll
        self._max_concurrency = max_concurrency
        self._first_retry = first_retry
        self._longest_retry = longest_retry
        self._wake_event = asyncio.Event()
        self._closing = False
        self._deliveries: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Query for due messages now, because something was committed."""
        self._wake_event.set()

    def close(self) -> None:
        """Take no more messages; `run` returns when the current deliveries have ended."""
        self._closing = True
        self.wake()

    async def run(self) -> None:
        """Deliver until closed or cancelled. If cancelled, messages that are being sent become due again."""
        async with asyncio.TaskGroup() as group:
            while not self._closing:
                self._wake_event.clear()
                for outgoing in await self._due():
                    delivery = group.create_task(self._send(outgoing))
                    self._deliveries.add(delivery)
                    delivery.add_done_callback(self._finished)
                await self._wait()

    async def _due(self) -> list[OutboxMessage]:
        capacity = self._max_concurrency - len(self._deliveries)
        if not capacity:
            return []
        try:
            return await self._outbox.due(self._sender.channel, self._owner, capacity, self._lease)
        except StoreUnavailable as error:
            log.warning("outbox_unreadable", channel=self._sender.channel, error=str(error))
            return []

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._wake_event.wait(), self._poll)
        except TimeoutError:
            return

    def _finished(self, delivery: asyncio.Task[None]) -> None:
        """The next message of the same conversation may be due now."""
        self._deliveries.discard(delivery)
        self.wake()

    async def _send(self, outgoing: OutboxMessage) -> None:
        """Deliver and record the outcome. If that fails, the message becomes due again when the lease ends."""
        logger = log.bind(
            channel=self._sender.channel, conversation=outgoing.conversation, turn=outgoing.turn
        )
        try:
            await self._attempt(outgoing, logger)
        except asyncio.CancelledError:
            await asyncio.shield(self._outbox.postpone(outgoing, 0.0, "stopped"))
            raise
        except Exception as error:
            logger.warning("delivery_unrecorded", error=type(error).__name__)

    async def _attempt(self, outgoing: OutboxMessage, logger: Any) -> None:
        try:
            await self._deliver(outgoing)
        except Postponed as postponed:
            logger.info("delivery_postponed", seconds=postponed.seconds, reason=postponed.reason)
            await self._outbox.postpone(outgoing, postponed.seconds, postponed.reason)
        except Undeliverable as undeliverable:
            logger.warning("delivery_abandoned", reason=undeliverable.reason)
            await self._outbox.abandon(outgoing, undeliverable.reason)
        except StoreUnavailable:
            raise
        except Exception as error:
            seconds = backoff(outgoing.attempts, self._first_retry, self._longest_retry)
            logger.warning("delivery_failed", seconds=seconds, error=type(error).__name__)
            await self._outbox.postpone(outgoing, seconds, type(error).__name__)
        else:
            await self._outbox.mark_delivered(outgoing)

    async def _deliver(self, outgoing: OutboxMessage) -> None:
        """Raises TimeoutError after a lease without progress, because another replica may then start sending."""
        loop = asyncio.get_running_loop()

        async def report_progress(progress: int) -> None:
            await self._outbox.record_progress(outgoing, progress, self._lease)
            timeouts.reschedule(loop.time() + self._lease)

        async with asyncio.timeout(self._lease) as timeouts:
            await self._sender.send(outgoing, report_progress)


def backoff(attempts: int, first: float, longest: float) -> float:
    """Seconds to wait after so many attempts: doubling, with jitter so that retries spread out."""
    bound = min(longest, first * 2.0 ** min(attempts - 1, 30))
    return bound * random.uniform(0.5, 1.0)
