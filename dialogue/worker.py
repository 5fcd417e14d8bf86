"""Answers the turn that has waited longest in a conversation, under a claim (I3), and commits the answer once (I4).

Knows the store and the responder of the moment. Of channels it knows only how they render an answer before the commit
(I5).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from dialogue.conversation import Answer, Claim, Conversation, Mode, Turn
from dialogue.delivery import Sender
from dialogue.errors import ClaimLost, EngineError, StateChanged, StoreUnavailable, UnknownConversation
from dialogue.events import Answered, Event, EventBus, Failed
from dialogue.responder import Responder, ResponderSlot
from dialogue.store.claims import Claims
from dialogue.store.store import Store

log = structlog.get_logger(__name__)


MAX_ATTEMPTS = 5
"""Tries at one turn. The next brings an apology; should that fail too, the turn is closed with nothing to deliver."""

MAX_PAUSE = 8.0

Observe = Callable[[Answer], None]
"""Sees every committed answer, for instance to count it."""

Wake = Callable[[str], None]
"""Is told the channel of every committed answer, to deliver it at once."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. lease: a claim that is not renewed for so long may be taken over by another process. silence: the most
    that a try may go without any news. pause: before the second try; it doubles up to MAX_PAUSE."""

    lease: float = 10.0
    silence: float = 120.0
    pause: float = 0.5


class Attempt:
    """One try at the answer to a turn, and how long it may stay silent.

    Events go to `publish`. When none has come for `silence` seconds, the engine hangs and the try is given up.
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
        self._turn = responder.begin(conversation, turn, self._notice)

    async def answer(self) -> Answer:
        """Raises EngineError, also after too long a silence, RetrievalError, StoreUnavailable."""
        waited = datetime.now(UTC) - self._turn.turn.created_at
        self._turn.timings["queue"] = max(0.0, waited.total_seconds())  # replicas may differ in their clocks
        try:
            async with asyncio.timeout(self._silence) as self._limit:
                return await self._responder.respond(self._turn)
        except TimeoutError as error:
            raise EngineError(
                f"The answer timed out; it may keep silent for {self._silence:g} s. Restart a model that hangs, "
                "or raise ANSWER_SILENCE."
            ) from error

    def cancelled(self) -> Answer:
        """The answer if it ends here: what was streamed so far."""
        return self._responder.cancelled(self._turn)

    def apology(self) -> Answer:
        """The answer where answering failed for good."""
        return self._responder.apology(self._turn)

    def _notice(self, event: Event) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time() + self._silence)
        self._publish(event)


class Worker:
    """Works on one turn at a time in a conversation, and on any number of conversations side by side."""

    def __init__(
        self,
        store: Store,
        slot: ResponderSlot,
        senders: Mapping[str, Sender],
        bus: EventBus,
        *,
        owner: str,
        timeouts: Timeouts | None = None,
        observe: Observe = lambda answer: None,
        wake: Wake = lambda channel: None,
    ) -> None:
        self._store = store
        self._slot = slot
        self._senders = senders
        self._bus = bus
        self._owner = owner
        self._timeouts = timeouts or Timeouts()
        self._observe = observe
        self._wake = wake
        self._stops: dict[str, asyncio.Timeout] = {}
        self._unwanted: set[str] = set()

    @property
    def channels(self) -> Collection[str]:
        """Those it can give an answer the form of."""
        return tuple(self._senders)

    async def work(self, conversation: str) -> bool:
        """Answers the turn that has waited longest, or tries to. Whether to come back, for a turn still waits.

        False where another worker holds the conversation: it looks again itself, after it has let go. Raises
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
                await self._withdraw(turn)
        finally:
            self._unwanted.discard(conversation)
        return await self._store.claims.next_pending(conversation) is not None

    def cancel(self, conversation: str) -> bool:
        """Stops the answer in progress; what was said so far becomes the answer. False if there is none."""
        stop = self._stops.get(conversation)
        if stop and not stop.expired():
            stop.reschedule(0)
        return stop is not None

    def forgo(self, conversation: str) -> None:
        """Lets the next piece of work in `conversation` answer that it was stopped."""
        self._unwanted.add(conversation)

    async def _answer(self, claim: Claim, turn: Turn) -> None:
        turn = await self._store.claims.begin(claim, turn)
        conversation = await self._store.conversations.get(claim.conversation)
        try:
            answer = await self._make(conversation, turn)
            await self._commit(claim, conversation, turn, answer)
        except (ClaimLost, StoreUnavailable):
            raise
        except StateChanged:
            log.info("state_changed", conversation=conversation.id, turn=turn.number)
            self._fail(conversation, turn)
        except Exception:
            told = {"conversation": conversation.id, "turn": turn.number, "attempt": turn.attempts}
            log.exception("answer_failed", **told)
            if turn.attempts < MAX_ATTEMPTS:
                self._fail(conversation, turn)

    async def _make(self, conversation: Conversation, turn: Turn) -> Answer:
        """The answer, or as much of it as was said when somebody cancelled it; after MAX_ATTEMPTS, an apology."""

        def publish(event: Event) -> None:
            self._bus.publish(conversation.id, event)

        with self._slot.acquire() as responder:
            attempt = Attempt(responder, conversation, turn, publish, self._timeouts.silence)
            return await self._outcome(attempt, conversation, turn)

    async def _outcome(self, attempt: Attempt, conversation: Conversation, turn: Turn) -> Answer:
        if conversation.id in self._unwanted:
            return attempt.cancelled()
        try:
            async with asyncio.timeout(None) as self._stops[conversation.id]:
                await asyncio.sleep(self._pause(turn))
                if turn.attempts > MAX_ATTEMPTS:
                    return attempt.apology()
                return await attempt.answer()
        except TimeoutError:
            return attempt.cancelled()
        finally:
            del self._stops[conversation.id]

    def _pause(self, turn: Turn) -> float:
        """Seconds to wait before this try, so that an engine that is down is not asked without end."""
        if turn.attempts <= 1:
            return 0.0
        return min(MAX_PAUSE, self._timeouts.pause * 2.0 ** min(turn.attempts - 2, 30))

    async def _commit(self, claim: Claim, conversation: Conversation, turn: Turn, answer: Answer) -> None:
        channel = conversation.address.channel
        hopeless = turn.attempts > MAX_ATTEMPTS + 1
        payload = None if hopeless else self._senders[channel].render(answer, turn)
        reply = await self._store.turns.commit(claim, turn, answer, payload)
        self._wake(channel)
        self._bus.publish(
            conversation.id,
            Answered(reply.number, turn.number, answer.text, answer.citations, answer.abstained),
        )
        self._observe(answer)

    async def _withdraw(self, turn: Turn) -> None:
        """What was shown of an answer is void: somebody else answers now."""
        with suppress(UnknownConversation):
            self._fail(await self._store.conversations.get(turn.conversation), turn)

    def _fail(self, conversation: Conversation, turn: Turn) -> None:
        code = "human" if conversation.mode is Mode.HUMAN else "engine"
        message = self._slot.responder.retraction(conversation, turn)
        self._bus.publish(conversation.id, Failed(code, message, turn.number))


@asynccontextmanager
async def hold_claim(
    claims: Claims, conversation: str, owner: str, seconds: float
) -> AsyncIterator[Claim | None]:
    """The claim, which lives until the block ends; None where another worker holds the conversation.

    A claim that is lost cuts the block short, whatever it waits for, and raises ClaimLost. Raises StoreUnavailable.
    """
    claim = await claims.claim(conversation, owner, seconds)
    if claim is None:
        yield None
        return
    try:
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(_renew_claim(claims, claim, seconds))
            yield claim
            renewing.cancel()
    except ExceptionGroup as ended:
        raise ended.exceptions[0] from None
    finally:
        await claims.release(claim)


async def _renew_claim(claims: Claims, claim: Claim, seconds: float) -> None:
    """Until cancelled. A database that is away for less than a lease does no harm."""
    while True:
        await asyncio.sleep(seconds / 3)
        try:
            await claims.renew(claim, seconds)
        except StoreUnavailable as error:
            log.warning("claim_not_renewed", conversation=claim.conversation, reason=str(error))
