"""Answers the waiting turns of one conversation, in order, under one claim (I3), and commits each answer once (I4).

Knows the store and the responder. Of channels it knows only the form that they give an answer before its commit (I5).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress

import structlog

from dialogue.broadcast import Broadcast
from dialogue.conversation import Answer, Claim, Conversation, Turn
from dialogue.errors import ClaimLost
from dialogue.events import Answered, Failed
from dialogue.outbox import Courier
from dialogue.responder import Draft, Responder
from dialogue.store import Store

log = structlog.get_logger(__name__)

ATTEMPTS = 5
"""Tries at one turn before the person gets an apology: a message that kills the engine must not loop for ever."""

Observe = Callable[[Answer], None]
"""Sees every committed answer, for instance to count it."""


class Worker:
    """Works conversations off; several run side by side on different conversations.

    `lease` is in seconds: a claim that is not renewed for so long may be taken over by another process.
    """

    def __init__(
        self,
        store: Store,
        responder: Responder,
        couriers: Mapping[str, Courier],
        broadcast: Broadcast,
        *,
        owner: str,
        lease: float = 10.0,
        observe: Observe = lambda answer: None,
    ) -> None:
        self._store = store
        self._responder = responder
        self._couriers = couriers
        self._broadcast = broadcast
        self._owner = owner
        self._lease = lease
        self._observe = observe
        self._answering: dict[str, asyncio.Task[Answer]] = {}

    @property
    def channels(self) -> Collection[str]:
        """Those it can give an answer the form of."""
        return tuple(self._couriers)

    async def work(self, conversation: str) -> None:
        """Answers all that waits in `conversation`; returns at once where another worker holds the claim."""
        claim = await self._store.claim(conversation, self._owner, self._lease)
        if claim is None:
            return
        try:
            async with self._renewing(claim):
                while turn := await self._store.next_pending(conversation):
                    await self._answer(claim, turn)
        except ClaimLost as lost:
            log.warning("claim_lost", conversation=conversation, fence=lost.fence)
        finally:
            await self._store.release(claim)

    def cancel(self, conversation: str) -> bool:
        """Stops the answer in progress; what was said so far becomes the answer. False if there is none."""
        task = self._answering.get(conversation)
        return task is not None and task.cancel()

    async def _answer(self, claim: Claim, turn: Turn) -> None:
        turn = await self._store.begin(claim, turn)
        conversation = await self._store.conversation(claim.conversation)
        if turn.attempts > ATTEMPTS:
            await self._commit(claim, conversation, turn, self._responder.apology(conversation, turn))
            return
        try:
            answer = await self._respond(conversation, turn)
        except Exception:
            log.exception(
                "answer_failed", conversation=conversation.id, turn=turn.number, attempt=turn.attempts
            )
            await self._back_off(conversation, turn)
        else:
            await self._commit(claim, conversation, turn, answer)

    async def _respond(self, conversation: Conversation, turn: Turn) -> Answer:
        draft = Draft(lambda event: self._broadcast.publish(conversation.id, event))
        task = asyncio.create_task(self._responder.respond(conversation, turn, draft))
        self._answering[conversation.id] = task
        try:
            await asyncio.wait({task})
            return self._responder.stopped(conversation, turn, draft) if task.cancelled() else task.result()
        finally:
            task.cancel()
            del self._answering[conversation.id]

    async def _back_off(self, conversation: Conversation, turn: Turn) -> None:
        message = self._responder.apology(conversation, turn).text
        self._broadcast.publish(conversation.id, Failed("engine", message, turn.number))
        if turn.attempts < ATTEMPTS:
            await asyncio.sleep(0.5 * 2**turn.attempts)

    async def _commit(self, claim: Claim, conversation: Conversation, turn: Turn, answer: Answer) -> None:
        courier = self._couriers[conversation.address.channel]
        reply = await self._store.commit(claim, turn, answer, courier.compose(answer, turn))
        self._broadcast.publish(
            conversation.id,
            Answered(reply.number, turn.number, answer.text, answer.citations, answer.abstained),
        )
        self._observe(answer)

    @asynccontextmanager
    async def _renewing(self, claim: Claim) -> AsyncIterator[None]:
        """Keeps the claim alive inside the block; a lost one is noticed at the commit at the latest."""
        task = asyncio.create_task(self._renew(claim))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, ClaimLost):
                await task

    async def _renew(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            await self._store.renew(claim, self._lease)
