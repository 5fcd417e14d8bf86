"""The dialogue manager: takes a message in, sees that it is answered, and lets the channel watch.

Only sequencing. What a turn is made of stands in `responder`, how it is kept in `store`, who may answer in `worker`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, aclosing
from functools import partial

import structlog

from dialogue.conversation import Address, Conversation, Mode, Receipt, Role, Turn, Utterance
from dialogue.errors import StoreUnavailable
from dialogue.events import Accepted, Answered, Event, EventBus, Subscription
from dialogue.store.erasure import Erasure
from dialogue.store.store import Store
from dialogue.worker import Worker

log = structlog.get_logger(__name__)

Forget = Callable[[str, str | None, str | None], Awaitable[Erasure]]
"""Erases a channel's account, author, or one in the other."""

SWEEP_SECONDS = 1.0
"""Seconds between looks for turns that nobody answers: those of a killed process, or of another replica's."""


class Manager:
    """One a process.

    parallel: how many conversations are answered at the same time at most. forget: erases a person wherever a
    deployment keeps their words; the store alone unless it is given. asks_consent: whether channels may ask people if
    the bot may learn from them.
    """

    def __init__(
        self,
        store: Store,
        worker: Worker,
        bus: EventBus,
        *,
        parallel: int = 16,
        forget: Forget | None = None,
        asks_consent: bool = True,
    ) -> None:
        self.store = store
        self.asks_consent = asks_consent
        self._forget = forget or store.erasure.forget
        self._worker = worker
        self._bus = bus
        self._parallel = parallel
        self._tasks: dict[str, asyncio.Task[bool]] = {}
        self._again: set[str] = set()
        self._closing = False
        self._waiting: dict[str, None] = {}

    async def start(self, address: Address, language: str | None = None) -> Conversation:
        """Begins a new conversation, from now on the current one of `address`."""
        return await self.store.conversations.start(address, language)

    async def forget(self, channel: str, account: str | None = None, author: str | None = None) -> Erasure:
        """Erases a person (I7); `Store.forget` says whom. Raises StoreUnavailable."""
        return await self._forget(channel, account, author)

    async def receive(self, utterance: Utterance, conversation: str | None = None) -> Receipt:
        """Commits the message (I1, I2) and wakes a worker. When this returns, the channel may acknowledge.

        Raises UnknownConversation, ConversationClosed, StoreUnavailable.
        """
        receipt = await self.store.turns.accept(utterance, conversation)
        self._bus.publish(receipt.conversation.id, Accepted(receipt.turn.number, receipt.duplicate))
        self._wake(receipt.conversation.id)
        return receipt

    def listen(self, conversation: str) -> AbstractContextManager[Subscription]:
        """The live events of a conversation, of all its turns, from now until the block ends."""
        return self._bus.listen(conversation)

    async def converse(self, utterance: Utterance, conversation: str | None = None) -> AsyncGenerator[Event]:
        """One turn from `Accepted` to `Answered`, also when another process answers it.

        Ends without an answer where the conversation is, or passes, in human hands. Raises what `receive` raises.
        """
        address = utterance.address
        known = conversation or (
            current.id if (current := await self.store.conversations.current(address)) else None
        )
        conversation = known or (await self.start(address, utterance.language)).id
        with self.listen(conversation) as subscription:
            receipt = await self.receive(utterance, conversation)
            yield Accepted(receipt.turn.number, receipt.duplicate)
            async with aclosing(follow(self.store, subscription, receipt)) as events:
                async for event in events:
                    yield event

    def cancel(self, conversation: str) -> bool:
        """Stops the answer in progress; what was said so far becomes the answer. False if there is none here."""
        if conversation in self._waiting:
            self._worker.forgo(conversation)
            return True
        return self._worker.cancel(conversation)

    async def run(self) -> None:
        """Sweeps up the turns that wait without a worker, until cancelled."""
        while True:
            try:
                for conversation in await self.store.claims.unclaimed(self._parallel, self._worker.channels):
                    self._wake(conversation)
            except StoreUnavailable as error:
                log.warning("sweep_failed", reason=str(error))
            await asyncio.sleep(SWEEP_SECONDS)

    async def close(self, grace: float = 10.0) -> None:
        """Lets the answers in progress finish for `grace` seconds; what is left is answered after the next start."""
        self._closing = True
        self._waiting.clear()
        if tasks := set(self._tasks.values()):
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    @property
    def queued(self) -> int:
        """Conversations that wait for a free place."""
        return len(self._waiting)

    def _wake(self, conversation: str) -> None:
        """Has the conversation worked on: as soon as there is a place, and its present work has ended."""
        if conversation in self._tasks:
            self._again.add(conversation)
        elif not self._closing:
            self._waiting[conversation] = None
            self._fill()

    def _fill(self) -> None:
        """Gives the free places to those who have waited longest."""
        while self._waiting and len(self._tasks) < self._parallel:
            conversation = next(iter(self._waiting))
            del self._waiting[conversation]
            task = self._tasks[conversation] = asyncio.create_task(self._worker.work(conversation))
            task.add_done_callback(partial(self._finished, conversation))

    def _finished(self, conversation: str, task: asyncio.Task[bool]) -> None:
        """A conversation in which more waits queues up again behind the others."""
        del self._tasks[conversation]
        more = conversation in self._again
        self._again.discard(conversation)
        if task.cancelled():
            return
        if error := task.exception():
            log.error("work_failed", conversation=conversation, reason=str(error), exc_info=error)
        elif more or task.result():
            self._wake(conversation)
        self._fill()


POLL_SECONDS = 1.0
"""Seconds without any event after which the store is asked: another process may be at it."""


async def follow(store: Store, subscription: Subscription, receipt: Receipt) -> AsyncGenerator[Event]:
    """The turn's events after `Accepted`; `Answered` is the last, unless the turn is, or passes, in human hands."""
    question = receipt.turn
    live = not receipt.duplicate and receipt.conversation.mode is Mode.BOT
    while live or await _is_pending(store, question):
        live = False
        async with aclosing(subscription.lively(POLL_SECONDS)) as events:
            async for event in events:
                if isinstance(event, Answered) and event.reply_to == question.number:
                    yield event
                    return
                if not isinstance(event, Accepted | Answered) and event.turn == question.number:
                    yield event
    if answer := await _stored_answer(store, question):
        yield answer


async def _is_pending(store: Store, question: Turn) -> bool:
    """Whether the bot still owes an answer: turns are answered in order, and a human's are not the bot's."""
    oldest = await store.claims.next_pending(question.conversation)
    return oldest is not None and oldest.number <= question.number


async def _stored_answer(store: Store, question: Turn) -> Answered | None:
    (last,) = await store.turns.history(question.conversation, before=question.number + 1, limit=1) or [
        question
    ]
    if last.role is not Role.ASSISTANT or last.reply_to != question.number:
        return None
    return Answered(last.number, question.number, last.text, last.citations, last.abstained)
