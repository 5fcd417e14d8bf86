"""Answers a turn by running its steps in order, and lets another responder take over between two attempts.

Makes the answer; commits and delivers nothing. What the steps do is their own business.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from dialogue.conversation import Answer, Conversation, Mode, StateChange, Turn
from dialogue.errors import StepError
from dialogue.events import Event
from dialogue.language import language_of
from dialogue.rewriting import HISTORY_TURNS
from dialogue.steps.base import Step, TurnContext
from dialogue.store.turns import Turns
from dialogue.voice import Voice, Wording


class Responder:
    """`release` names what answers: it is stored with every answer."""

    def __init__(self, turns: Turns, steps: Sequence[Step], voice: Voice, *, release: str) -> None:
        self._turns = turns
        self._steps = tuple(steps)
        self._voice = voice
        self._release = release

    def begin(
        self, conversation: Conversation, turn: Turn, publish: Callable[[Event], None] = lambda event: None
    ) -> TurnContext:
        """The context of a new attempt at `turn`; its events go to `publish`."""
        language = self._language(conversation, turn)
        return TurnContext(conversation, turn, language, self._voice.wording(language), publish)

    async def respond(self, turn: TurnContext) -> Answer:
        """The answer of the first step that has one; an abstention where none has.

        Raises EngineError, RetrievalError, StepError, StoreUnavailable, and whatever else a step raises.
        """
        number = turn.turn.number
        turn.history = await self._turns.history(turn.conversation.id, before=number, limit=HISTORY_TURNS)
        for step in self._steps:
            with turn.timed(type(step).__name__):
                answer = await step.run(turn)
            if answer is not None:
                return self._finished(turn, answer)
        wording = turn.wording
        return self._finished(
            turn, replace(turn.answer(f"{wording.abstention} {wording.handoff}"), abstained=True)
        )

    def cancelled(self, turn: TurnContext) -> Answer:
        """The answer where the person cancelled: what was streamed so far, or that it was stopped."""
        answer = turn.on_cancel() if turn.streamed.strip() else turn.answer(turn.wording.stopped)
        return replace(answer, release=self._release, timings=dict(turn.timings))

    def apology(self, turn: TurnContext) -> Answer:
        """The answer where answering failed for good."""
        return replace(turn.answer(turn.wording.failure), failed=True, release=self._release)

    def retraction(self, conversation: Conversation, turn: Turn) -> str:
        """What the person is told when what they were shown of an answer is void."""
        wording: Wording = self._voice.wording(self._language(conversation, turn))
        return wording.handed_over if conversation.mode is Mode.HUMAN else wording.retrying

    def _finished(self, turn: TurnContext, answer: Answer) -> Answer:
        return replace(
            answer,
            query=answer.query or turn.query or turn.text,
            release=answer.release or self._release,
            timings=dict(turn.timings),
            state=_state_change(turn),
        )

    def _language(self, conversation: Conversation, turn: Turn) -> str:
        return language_of(turn.text, turn.language or conversation.language)


def _state_change(turn: TurnContext) -> StateChange | None:
    """None where no step changed the state. Raises StepError where it cannot be stored."""
    if turn.state == turn.conversation.state:
        return None
    try:
        json.dumps(turn.state, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StepError(
            f"A step put something into the conversation's state that JSON cannot hold: {error}. "
            "Keep text, numbers, lists and objects there."
        ) from error
    return StateChange(turn.state, turn.conversation.state_version)


class _Occupant:
    """A responder, and how many attempts use it."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder
        self._attempts = 0
        self._unused = asyncio.Event()
        self._unused.set()

    @contextmanager
    def used(self) -> Iterator[Responder]:
        self._attempts += 1
        self._unused.clear()
        try:
            yield self.responder
        finally:
            self._attempts -= 1
            if not self._attempts:
                self._unused.set()

    async def wait_until_unused(self) -> None:
        await self._unused.wait()


class ResponderSlot:
    """Holds the responder that answers now, one slot a process. An attempt keeps the one that it acquired."""

    def __init__(self, responder: Responder) -> None:
        self._occupant = _Occupant(responder)

    @property
    def responder(self) -> Responder:
        """The one that would be acquired now."""
        return self._occupant.responder

    @contextmanager
    def acquire(self) -> Iterator[Responder]:
        """The responder for one attempt: it stays usable until the block ends, whatever is swapped in meanwhile."""
        with self._occupant.used() as responder:
            yield responder

    async def swap(self, responder: Responder) -> None:
        """Acquire `responder` from now on. Returns when the last attempt of the former one has ended."""
        former, self._occupant = self._occupant, _Occupant(responder)
        await former.wait_until_unused()
