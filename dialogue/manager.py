"""The dialogue manager: accepts messages, schedules the work on them, and lets channels follow a turn.

Only sequencing. `responder` makes the answer, `store` keeps the turns, `worker` claims and commits.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, aclosing
from functools import partial

import structlog

from dialogue.conversation import Address, Conversation, Mode, Receipt, Role, Turn, Utterance
from dialogue.errors import StoreUnavailable
from dialogue.events import Accepted, Answered, Event, EventBus, Queued, Subscription
from dialogue.speed import QueueSpeed
from dialogue.store.erasure import ErasedRows
from dialogue.store.store import Store
from dialogue.worker import Worker

log = structlog.get_logger(__name__)

Forget = Callable[[str, str | None, str | None], Awaitable[ErasedRows]]
"""Erases a person: takes a channel, an account and an author, as `store.erasure.forget` does."""


class Manager:
    """One per process.

    max_concurrency: how many conversations are answered at the same time. sweep_seconds: between two searches for
    pending turns without a worker, left by a process that was killed. poll_seconds: how long `converse` waits for an
    event before it reads the store, because another process may be answering. forget: erases a person wherever the
    deployment keeps their messages; by default from the store alone. asks_consent: whether channels ask people for
    consent to training.
    """

    def __init__(
        self,
        store: Store,
        worker: Worker,
        events: EventBus,
        *,
        max_concurrency: int = 16,
        sweep_seconds: float = 1.0,
        poll_seconds: float = 1.0,
        forget: Forget | None = None,
        asks_consent: bool = True,
    ) -> None:
        self.store = store
        self.asks_consent = asks_consent
        self._forget = forget or store.erasure.forget
        self._worker = worker
        self._events = events
        self._max_concurrency = max_concurrency
        self._sweep_seconds = sweep_seconds
        self._poll_seconds = poll_seconds
        self._tasks: dict[str, asyncio.Task[bool]] = {}
        self._rescheduled: set[str] = set()
        self._closing = False
        self._queue: dict[str, None] = {}
        self._queue_speed = QueueSpeed()

    async def start(self, address: Address, language: str | None = None) -> Conversation:
        """Start a conversation and make it the current one of `address`."""
        return await self.store.conversations.start(address, language)

    async def forget(self, channel: str, account: str | None = None, author: str | None = None) -> ErasedRows:
        """Erase a person (I7); see `Erasure.forget` for the arguments. Raises StoreUnavailable."""
        return await self._forget(channel, account, author)

    async def receive(self, utterance: Utterance, conversation: str | None = None) -> Receipt:
        """Commit the message (I1, I2) and schedule its answer. When this returns, the channel may acknowledge it.

        Raises UnknownConversation, ConversationClosed, StoreUnavailable.
        """
        receipt = await self.store.turns.accept(utterance, conversation)
        self._events.publish(receipt.conversation.id, Accepted(receipt.turn.number, receipt.duplicate))
        self._schedule(receipt.conversation.id)
        if receipt.conversation.id in self._queue and not receipt.duplicate:
            self._announce_wait(receipt.turn)
        return receipt

    async def revise(self, utterance: Utterance) -> bool:
        """Replace the text of a message that is not answered yet. False if it is, or if it is not known.

        Raises StoreUnavailable.
        """
        receipt = await self.store.turns.revise(utterance)
        if receipt is not None:
            self._schedule(receipt.conversation.id)
        return receipt is not None

    def listen(self, conversation: str, *, replay: bool = False) -> AbstractContextManager[Subscription]:
        """Subscribe to the live events of a conversation until the block ends.

        replay: begin with those of the turn that is being answered in this process, for who joins in the middle of it.
        """
        return self._events.listen(conversation, replay=replay)

    async def converse(self, utterance: Utterance, conversation: str | None = None) -> AsyncGenerator[Event]:
        """The events of one turn from `Accepted` to `Answered`, also if another process answers it.

        Ends without an answer if a human has, or takes over, the conversation. Raises what `receive` raises.
        """
        conversation = conversation or await self._current(utterance)
        with self.listen(conversation) as subscription:
            receipt = await self.receive(utterance, conversation)
            yield Accepted(receipt.turn.number, receipt.duplicate)
            async with aclosing(follow(self.store, subscription, receipt, self._poll_seconds)) as events:
                async for event in events:
                    yield event

    async def _current(self, utterance: Utterance) -> str:
        """The current conversation of the address, or a new one."""
        current = await self.store.conversations.current(utterance.address)
        return (current or await self.start(utterance.address, utterance.language)).id

    def cancel(self, conversation: str) -> bool:
        """Stop the current answer; the text so far becomes the answer. False if this process is not answering."""
        if conversation in self._queue:
            self._worker.cancel_next(conversation)
            return True
        return self._worker.cancel(conversation)

    async def run(self) -> None:
        """Schedule pending turns that have no worker, until cancelled."""
        while True:
            try:
                for conversation in await self.store.claims.unclaimed(
                    self._max_concurrency, self._worker.channels
                ):
                    self._schedule(conversation)
            except StoreUnavailable as error:
                log.warning("sweep_failed", reason=str(error))
            await asyncio.sleep(self._sweep_seconds)

    async def close(self, grace: float = 10.0) -> None:
        """Wait up to `grace` seconds for current answers; the remaining turns are answered after the next start."""
        self._closing = True
        self._queue.clear()
        if tasks := set(self._tasks.values()):
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    @property
    def busy(self) -> bool:
        """Whether anybody is being answered or waits for it."""
        return bool(self._tasks or self._queue)

    @property
    def queued(self) -> int:
        """How many conversations wait for one of the `max_concurrency` tasks."""
        return len(self._queue)

    def _schedule(self, conversation: str) -> None:
        """Queue the conversation for a task, or for another one after its current task."""
        if conversation in self._tasks:
            self._rescheduled.add(conversation)
        elif not self._closing:
            self._queue[conversation] = None
            self._start_tasks()

    def _start_tasks(self) -> None:
        """Start tasks for the conversations that have waited longest, up to the limit."""
        while self._queue and len(self._tasks) < self._max_concurrency:
            conversation = next(iter(self._queue))
            del self._queue[conversation]
            self._queue_speed.begin(conversation)
            task = self._tasks[conversation] = asyncio.create_task(self._worker.work(conversation))
            task.add_done_callback(partial(self._finished, conversation))

    def _announce_wait(self, turn: Turn) -> None:
        """Publish how long the turn, which was just queued, waits for a worker."""
        before = list(self._queue).index(turn.conversation)
        wait = self._queue_speed.estimate(before)
        self._events.publish(
            turn.conversation, Queued(turn.number, ahead=len(self._tasks) + before, seconds=wait)
        )

    def _finished(self, conversation: str, task: asyncio.Task[bool]) -> None:
        """Queue the conversation again, behind the others, if it has more pending turns."""
        del self._tasks[conversation]
        self._queue_speed.end(conversation)
        self._events.end_turn(conversation)
        rescheduled = conversation in self._rescheduled
        self._rescheduled.discard(conversation)
        if task.cancelled():
            return
        if error := task.exception():
            log.error("work_failed", conversation=conversation, reason=str(error), exc_info=error)
        elif rescheduled or task.result():
            self._schedule(conversation)
        self._start_tasks()


async def follow(
    store: Store, subscription: Subscription, receipt: Receipt, poll_seconds: float
) -> AsyncGenerator[Event]:
    """The turn's events after `Accepted`. `Answered` is the last one, unless a human has the conversation."""
    question = receipt.turn
    live = not receipt.duplicate and receipt.conversation.mode is Mode.BOT
    while live or await _is_pending(store, question):
        live = False
        async with aclosing(subscription.until_quiet(poll_seconds)) as events:
            async for event in events:
                if isinstance(event, Answered) and event.reply_to == question.number:
                    yield event
                    return
                if not isinstance(event, Accepted | Answered) and event.turn == question.number:
                    yield event
    if answer := await _stored_answer(store, question):
        yield answer


async def _is_pending(store: Store, question: Turn) -> bool:
    """Whether the bot has yet to answer. Turns are answered in order, and those left to a human are not pending."""
    oldest = await store.claims.next_pending(question.conversation)
    return oldest is not None and oldest.number <= question.number


async def _stored_answer(store: Store, question: Turn) -> Answered | None:
    turns = await store.turns.history(question.conversation, before=question.number + 1, limit=1)
    last = turns[-1] if turns else question
    if last.role is not Role.ASSISTANT or last.reply_to != question.number:
        return None
    return Answered(last.number, question.number, last.text, last.citations, last.abstained)
