"""Answers the turn that has waited longest in a conversation, under a claim (I3), and commits the answer once (I4).

Knows the store and who is on duty. Of channels it knows only the form that they give an answer before its commit (I5).
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from dialogue.attempt import Attempt
from dialogue.broadcast import Broadcast
from dialogue.conversation import Answer, Claim, Conversation, Mode, Turn
from dialogue.duty import Duty
from dialogue.errors import ClaimLost, StoreUnavailable, UnknownConversation
from dialogue.events import Answered, Event, Failed
from dialogue.lease import held
from dialogue.outbox import Courier
from dialogue.store import Store

log = structlog.get_logger(__name__)

ATTEMPTS = 5
"""Tries at one turn. The next brings an apology; should that fail too, the turn is closed with nothing to deliver."""

LONGEST_PAUSE = 8.0

Observe = Callable[[Answer], None]
"""Sees every committed answer, for instance to count it."""

Wake = Callable[[str], None]
"""Is told the channel of every committed answer, to deliver it at once."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. lease: a claim that is not renewed for so long may be taken over by another process. silence: the most
    that a try may go without any news. pause: before the second try; it doubles up to LONGEST_PAUSE."""

    lease: float = 10.0
    silence: float = 120.0
    pause: float = 0.5


class Worker:
    """Works on one turn at a time in a conversation, and on any number of conversations side by side."""

    def __init__(
        self,
        store: Store,
        duty: Duty,
        couriers: Mapping[str, Courier],
        broadcast: Broadcast,
        *,
        owner: str,
        patience: Patience | None = None,
        observe: Observe = lambda answer: None,
        wake: Wake = lambda channel: None,
    ) -> None:
        self._store = store
        self._duty = duty
        self._couriers = couriers
        self._broadcast = broadcast
        self._owner = owner
        self._patience = patience or Patience()
        self._observe = observe
        self._wake = wake
        self._stops: dict[str, asyncio.Timeout] = {}
        self._unwanted: set[str] = set()

    @property
    def channels(self) -> Collection[str]:
        """Those it can give an answer the form of."""
        return tuple(self._couriers)

    async def work(self, conversation: str) -> bool:
        """Answers the turn that has waited longest, or tries to. Whether to come back, for a turn still waits.

        False where another worker holds the conversation: it looks again itself, after it has let go. Raises
        StoreUnavailable.
        """
        turn = None
        try:
            async with held(self._store, conversation, self._owner, self._patience.lease) as claim:
                if claim is None:
                    return False
                turn = await self._store.next_pending(conversation)
                if turn is not None:
                    await self._answer(claim, turn)
        except ClaimLost as lost:
            log.warning("claim_lost", conversation=conversation, fence=lost.fence)
            if turn is not None:
                await self._withdraw(turn)
        finally:
            self._unwanted.discard(conversation)
        return await self._store.next_pending(conversation) is not None

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
        turn = await self._store.begin(claim, turn)
        conversation = await self._store.conversation(claim.conversation)
        try:
            answer = await self._make(conversation, turn)
            await self._commit(claim, conversation, turn, answer)
        except (ClaimLost, StoreUnavailable):
            raise
        except Exception:
            told = {"conversation": conversation.id, "turn": turn.number, "attempt": turn.attempts}
            log.exception("answer_failed", **told)
            if turn.attempts < ATTEMPTS:
                self._fail(conversation, turn)

    async def _make(self, conversation: Conversation, turn: Turn) -> Answer:
        """The answer, or as much of it as was said when somebody cancelled it; after ATTEMPTS, an apology."""

        def publish(event: Event) -> None:
            self._broadcast.publish(conversation.id, event)

        with self._duty.lent() as responder:
            attempt = Attempt(responder, conversation, turn, publish, self._patience.silence)
            return await self._outcome(attempt, conversation, turn)

    async def _outcome(self, attempt: Attempt, conversation: Conversation, turn: Turn) -> Answer:
        if conversation.id in self._unwanted:
            return attempt.stopped()
        try:
            async with asyncio.timeout(None) as self._stops[conversation.id]:
                await asyncio.sleep(self._pause(turn))
                if turn.attempts > ATTEMPTS:
                    return attempt.apology()
                return await attempt.answer()
        except TimeoutError:
            return attempt.stopped()
        finally:
            del self._stops[conversation.id]

    def _pause(self, turn: Turn) -> float:
        """Seconds to wait before this try, so that an engine that is down is not asked without end."""
        if turn.attempts <= 1:
            return 0.0
        return min(LONGEST_PAUSE, self._patience.pause * 2.0 ** min(turn.attempts - 2, 30))

    async def _commit(self, claim: Claim, conversation: Conversation, turn: Turn, answer: Answer) -> None:
        channel = conversation.address.channel
        hopeless = turn.attempts > ATTEMPTS + 1
        payload = None if hopeless else self._couriers[channel].compose(answer, turn)
        reply = await self._store.commit(claim, turn, answer, payload)
        self._wake(channel)
        self._broadcast.publish(
            conversation.id,
            Answered(reply.number, turn.number, answer.text, answer.citations, answer.abstained),
        )
        self._observe(answer)

    async def _withdraw(self, turn: Turn) -> None:
        """What was shown of an answer is void: somebody else answers now."""
        with suppress(UnknownConversation):
            self._fail(await self._store.conversation(turn.conversation), turn)

    def _fail(self, conversation: Conversation, turn: Turn) -> None:
        code = "human" if conversation.mode is Mode.HUMAN else "engine"
        message = self._duty.responder.excuse(conversation, turn)
        self._broadcast.publish(conversation.id, Failed(code, message, turn.number))
