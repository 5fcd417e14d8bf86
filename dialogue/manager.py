"""The dialogue manager: takes a message in, sees that it is answered, and lets the channel watch.

Only sequencing. What a turn is made of stands in `responder`, how it is kept in `store`, who may answer in `worker`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing

import structlog

from dialogue.broadcast import Broadcast, Listener
from dialogue.conversation import Address, Conversation, Receipt, Role, Utterance
from dialogue.errors import StoreUnavailable
from dialogue.events import Accepted, Answered, Event
from dialogue.store import Store
from dialogue.worker import Worker

log = structlog.get_logger(__name__)

SWEEP = 1.0
"""Seconds between looks for turns that nobody answers: those of a killed process, or of another replica's."""


class Manager:
    """One a process. `parallel` bounds how many conversations are answered at the same time."""

    def __init__(self, store: Store, worker: Worker, broadcast: Broadcast, *, parallel: int = 16) -> None:
        self.store = store
        self._worker = worker
        self._broadcast = broadcast
        self._parallel = parallel
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[str, None] = {}

    async def start(self, address: Address, language: str | None = None) -> Conversation:
        """Begins a new conversation, from now on the current one of `address`."""
        return await self.store.start(address, language)

    async def receive(self, utterance: Utterance, conversation: str | None = None) -> Receipt:
        """Commits the message (I1, I2) and wakes a worker. When this returns, the channel may acknowledge.

        Raises UnknownConversation, ConversationClosed, StoreUnavailable.
        """
        receipt = await self.store.accept(utterance, conversation)
        self._broadcast.publish(receipt.conversation.id, Accepted(receipt.turn.number, receipt.duplicate))
        self._wake(receipt.conversation.id)
        return receipt

    def listen(self, conversation: str) -> AbstractContextManager[Listener]:
        """The live events of a conversation, of all its turns, from now until the block ends."""
        return self._broadcast.listen(conversation)

    async def converse(self, utterance: Utterance, conversation: str | None = None) -> AsyncGenerator[Event]:
        """One turn from `Accepted` to `Answered`, also when another process answers it."""
        address = utterance.address
        known = conversation or (current.id if (current := await self.store.current(address)) else None)
        conversation = known or (await self.start(address, utterance.language)).id
        with self.listen(conversation) as listener:
            receipt = await self.receive(utterance, conversation)
            yield Accepted(receipt.turn.number, receipt.duplicate)
            async with aclosing(self._follow(listener, receipt)) as events:
                async for event in events:
                    yield event

    def cancel(self, conversation: str) -> bool:
        """Stops the answer in progress; what was said so far becomes the answer."""
        return self._worker.cancel(conversation)

    async def run(self) -> None:
        """Sweeps up the turns that wait without a worker, until cancelled."""
        while True:
            try:
                for conversation in await self.store.unclaimed(self._parallel, self._worker.channels):
                    self._wake(conversation)
            except StoreUnavailable as error:
                log.warning("sweep_failed", reason=str(error))
            await asyncio.sleep(SWEEP)

    async def close(self, grace: float = 10.0) -> None:
        """Lets the answers in progress finish for `grace` seconds; what is left is answered after the next start."""
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
        if conversation in self._tasks or len(self._tasks) >= self._parallel:
            self._waiting[conversation] = None
            return
        task = asyncio.create_task(self._worker.work(conversation))
        self._tasks[conversation] = task
        task.add_done_callback(lambda done: self._finished(conversation, done))

    def _finished(self, conversation: str, task: asyncio.Task[None]) -> None:
        del self._tasks[conversation]
        if not task.cancelled() and (error := task.exception()):
            log.error("worker_failed", conversation=conversation, exc_info=error)
        if self._waiting:
            first = next(iter(self._waiting))
            del self._waiting[first]
            self._wake(first)

    async def _follow(self, listener: Listener, receipt: Receipt) -> AsyncGenerator[Event]:
        if receipt.duplicate and (answer := await self._stored_answer(receipt)):
            yield answer
            return
        while True:
            event: Event | None
            try:
                event = await asyncio.wait_for(anext(listener), SWEEP)
            except TimeoutError:
                event = await self._stored_answer(receipt)
            if isinstance(event, Answered):
                if event.reply_to == receipt.turn.number:
                    yield event
                    return
            elif event is not None and event.turn == receipt.turn.number and not isinstance(event, Accepted):
                yield event

    async def _stored_answer(self, receipt: Receipt) -> Answered | None:
        number = receipt.turn.number
        for turn in await self.store.turns(receipt.conversation.id, after=number, limit=20):
            if turn.role is Role.ASSISTANT and turn.reply_to == number:
                return Answered(turn.number, number, turn.text, turn.citations, turn.abstained)
        return None
