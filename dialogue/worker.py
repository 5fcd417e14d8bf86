"""The worker: claims a conversation (I3), answers its oldest pending turn, and commits the answer once (I4).

`Worker` decides what happens to a failed, cancelled or hopeless attempt; `Attempt` runs the responder with a timeout;
`hold_claim` keeps the claim alive meanwhile. The sender of the channel renders the answer before the commit (I5).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog

from dialogue.conversation import Answer, Claim, Conversation, Mode, Turn
from dialogue.delivery import Sender
from dialogue.errors import ClaimLost, EngineError, StateChanged, StoreUnavailable, UnknownConversation
from dialogue.events import Answered, Event, EventBus, Failed, Token
from dialogue.lease import completed, renewed
from dialogue.responder import Responder, ResponderSlot
from dialogue.store.claims import Claims
from dialogue.store.store import Store

log = structlog.get_logger(__name__)


MAX_ATTEMPTS = 5
"""Attempts at one turn. The next one apologizes; if that fails too, the turn is closed with nothing to deliver."""

MAX_PAUSE = 8.0
"""Seconds between two attempts at most."""

Observe = Callable[[Answer], None]
"""Called with every committed answer, for instance to count it."""

Wake = Callable[[str], None]
"""Called with the channel of every committed answer, to deliver it at once."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds.

    lease: a claim that is not renewed for so long may be taken over by another process. silence: how long an attempt
    may go without an event. pause: before the second attempt; it doubles up to MAX_PAUSE.
    """

    lease: float = 10.0
    silence: float = 120.0
    pause: float = 0.5


class Attempt:
    """One attempt at the answer to a turn. Its events go to `publish`.

    If there is no event for `silence` seconds, the engine is assumed to hang and the attempt ends.
    """

    def __init__(
        self,
        responder: Responder,
        conversation: Conversation,
        turn: Turn,
        publish: Callable[[Event], None],
        silence: float,
    ) -> None:
        self._responder = responder
        self._publish = publish
        self._silence = silence
        self._turn = responder.begin(conversation, turn, self._on_event)

    async def answer(self) -> Answer:
        """Raises what the responder raises, and EngineError after too long a silence."""
        queued = datetime.now(UTC) - self._turn.turn.created_at
        self._turn.timings["queue"] = max(0.0, queued.total_seconds())  # clocks of replicas may differ
        try:
            async with asyncio.timeout(self._silence) as self._limit:
                return await self._responder.respond(self._turn)
        except TimeoutError as error:
            raise EngineError(
                f"The answer timed out: nothing came for {self._silence:g} s. Restart the model if it hangs, or raise "
                "the limit.",
                remedies=("silence",),
            ) from error

    def cancelled(self) -> Answer:
        """The answer if the person cancels now: the text that was streamed so far."""
        return self._responder.cancelled(self._turn)

    def apology(self) -> Answer:
        """The answer after the last attempt failed."""
        return self._responder.apology(self._turn)

    def _on_event(self, event: Event) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time() + self._silence)
        if not isinstance(event, Token) or event.text:
            self._publish(event)


class Worker:
    """Answers one turn at a time in a conversation, and any number of conversations at the same time."""

    def __init__(
        self,
        store: Store,
        responder_slot: ResponderSlot,
        senders: Mapping[str, Sender],
        events: EventBus,
        *,
        owner: str,
        timeouts: Timeouts | None = None,
        observe: Observe = lambda answer: None,
        wake: Wake = lambda channel: None,
    ) -> None:
        self._store = store
        self._responder_slot = responder_slot
        self._senders = senders
        self._events = events
        self._owner = owner
        self._timeouts = timeouts or Timeouts()
        self._observe = observe
        self._wake = wake
        self._cancel_scopes: dict[str, asyncio.Timeout] = {}
        self._cancelled_early: set[str] = set()

    @property
    def channels(self) -> Collection[str]:
        """The channels whose senders this process has, so that it can render their answers."""
        return tuple(self._senders)

    async def work(self, conversation: str) -> bool:
        """Try to answer the oldest pending turn. True if another turn is pending afterwards.

        False if another worker holds the conversation, because that one checks for pending turns itself. Raises
        StoreUnavailable.
        """
        turn = None
        try:
            async with hold_claim(
                self._store.claims, conversation, self._owner, self._timeouts.lease
            ) as claim:
                if claim is None:
                    return False
                turn = await self._store.claims.next_pending(conversation)
                if turn is not None:
                    await self._answer(claim, turn)
        except ClaimLost as lost:
            log.warning("claim_lost", conversation=conversation, fence=lost.fence)
            if turn is not None:
                await self._retract(turn)
        finally:
            self._cancelled_early.discard(conversation)
        return await self._store.claims.next_pending(conversation) is not None

    def cancel(self, conversation: str) -> bool:
        """Stop the current answer; the text so far becomes the answer. False if there is none."""
        scope = self._cancel_scopes.get(conversation)
        if scope and not scope.expired():
            scope.reschedule(0)
        return scope is not None

    def cancel_next(self, conversation: str) -> None:
        """Cancel the next attempt in `conversation` before it starts."""
        self._cancelled_early.add(conversation)

    async def _answer(self, claim: Claim, turn: Turn) -> None:
        turn = await self._store.claims.begin(claim, turn)
        conversation = await self._store.conversations.get(claim.conversation)
        try:
            answer = await self._respond(conversation, turn)
            await self._commit(claim, conversation, turn, answer)
        except (ClaimLost, StoreUnavailable):
            raise
        except StateChanged:
            log.info("state_changed", conversation=conversation.id, turn=turn.number)
            self._fail(conversation, turn)
        except Exception:
            log.exception(
                "answer_failed", conversation=conversation.id, turn=turn.number, attempt=turn.attempts
            )
            if turn.attempts < MAX_ATTEMPTS:
                self._fail(conversation, turn)

    async def _respond(self, conversation: Conversation, turn: Turn) -> Answer:
        """The answer, or the text so far if the person cancelled, or an apology after MAX_ATTEMPTS."""

        def publish(event: Event) -> None:
            self._events.publish(conversation.id, event)

        with self._responder_slot.acquire() as responder:
            attempt = Attempt(responder, conversation, turn, publish, self._timeouts.silence)
            return await self._run(attempt, conversation, turn)

    async def _run(self, attempt: Attempt, conversation: Conversation, turn: Turn) -> Answer:
        if conversation.id in self._cancelled_early:
            return attempt.cancelled()
        try:
            async with asyncio.timeout(None) as self._cancel_scopes[conversation.id]:
                await asyncio.sleep(self._pause(turn))
                if turn.attempts > MAX_ATTEMPTS:
                    return attempt.apology()
                return await attempt.answer()
        except TimeoutError:
            return attempt.cancelled()
        finally:
            del self._cancel_scopes[conversation.id]

    def _pause(self, turn: Turn) -> float:
        """Seconds to wait before this attempt, so that an engine that is down is not called in a tight loop."""
        if turn.attempts <= 1:
            return 0.0
        return min(MAX_PAUSE, self._timeouts.pause * 2.0 ** min(turn.attempts - 2, 30))

    async def _commit(self, claim: Claim, conversation: Conversation, turn: Turn, answer: Answer) -> None:
        channel = conversation.address.channel
        hopeless = turn.attempts > MAX_ATTEMPTS + 1
        payload = None if hopeless else self._senders[channel].render(answer, turn)
        reply = await self._store.turns.commit(claim, turn, answer, payload)
        self._wake(channel)
        self._events.publish(
            conversation.id,
            Answered(reply.number, turn.number, answer.text, answer.citations, answer.abstained),
        )
        self._observe(answer)

    async def _retract(self, turn: Turn) -> None:
        """Tell followers that the text shown so far is void, because another worker or a human answers now."""
        with suppress(UnknownConversation):
            self._fail(await self._store.conversations.get(turn.conversation), turn)

    def _fail(self, conversation: Conversation, turn: Turn) -> None:
        code = "human" if conversation.mode is Mode.HUMAN else "engine"
        message = self._responder_slot.responder.retraction(conversation, turn)
        self._events.publish(conversation.id, Failed(code, message, turn.number))


@asynccontextmanager
async def hold_claim(
    claims: Claims, conversation: str, owner: str, seconds: float
) -> AsyncIterator[Claim | None]:
    """Claim the conversation until the block ends; yields None if another worker holds it.

    If the claim is lost, the block is cancelled and ClaimLost is raised. Raises StoreUnavailable.
    """
    claiming = asyncio.ensure_future(claims.claim(conversation, owner, seconds))
    try:
        claim = await asyncio.shield(claiming)
        if claim is None:
            yield None
            return
        async with renewed(partial(claims.renew, claim, seconds), seconds, conversation=conversation):
            yield claim
    finally:
        await completed(_release(claims, claiming))


async def _release(claims: Claims, claiming: asyncio.Future[Claim | None]) -> None:
    """Release what was claimed, also if the claim was granted after its worker was cancelled."""
    if claim := await claiming:
        await claims.release(claim)
