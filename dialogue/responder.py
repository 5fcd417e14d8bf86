"""The responder: runs the steps of a turn in order until one of them answers.

It makes the answer; the worker commits it. `ResponderSlot` holds the responder of this process, so that a new release
can be swapped in without disturbing attempts that are under way.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from dialogue.conversation import Answer, Conversation, Mode, StateChange, Turn
from dialogue.errors import StepError
from dialogue.events import Event
from dialogue.rewriting import HISTORY_TURNS
from dialogue.steps.base import Step, TurnContext
from dialogue.store.turns import Turns
from dialogue.voice import Voice, Wording
from retrieval.language_detection import language_of


class Responder:
    """release: the name that is stored with every answer."""

    def __init__(self, turns: Turns, steps: Sequence[Step], voice: Voice, *, release: str) -> None:
        self._turns = turns
        self._steps = tuple(steps)
        self._voice = voice
        self._release = release

    def begin(
        self, conversation: Conversation, turn: Turn, publish: Callable[[Event], None] = lambda event: None
    ) -> TurnContext:
        """The context of a new attempt at `turn`. Its events go to `publish`."""
        language = self._language(conversation, turn)
        return TurnContext(conversation, turn, language, self._voice.wording(language), publish)

    async def respond(self, turn: TurnContext) -> Answer:
        """The answer of the first step that gives one; an abstention if none does.

        Raises EngineError, RetrievalError, StepError, StoreUnavailable, and whatever else a step raises.
        """
        about = turn.turn.about
        before = turn.turn.number if about is None else about + 1
        turn.history = await self._turns.history(turn.conversation.id, before=before, limit=HISTORY_TURNS)
        for step in self._steps:
            with turn.timed(type(step).__name__):
                answer = await step.run(turn)
            if answer is not None:
                return self._finished(turn, answer)
        abstention = turn.answer(f"{turn.wording.abstention} {turn.wording.handoff}")
        return self._finished(turn, replace(abstention, abstained=True))

    def cancelled(self, turn: TurnContext) -> Answer:
        """The answer if the person cancels: the text so far, or a notice that the answer was stopped."""
        answer = turn.on_cancel() if turn.streamed.strip() else turn.answer(turn.wording.stopped)
        return replace(answer, release=self._release, timings=dict(turn.timings))

    def apology(self, turn: TurnContext) -> Answer:
        """The answer after the last attempt failed."""
        return replace(turn.answer(turn.wording.failure), failed=True, release=self._release)

    def retraction(self, conversation: Conversation, turn: Turn) -> str:
        """The notice that replaces the text shown so far when an attempt fails or a human takes over."""
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
        return language_of(turn.text, conversation.language or turn.language)


def _state_change(turn: TurnContext) -> StateChange | None:
    """None if no step changed the state. Raises StepError if the state is not JSON."""
    if turn.state == turn.conversation.state:
        return None
    try:
        json.dumps(turn.state, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StepError(
            f"A step put a value into the conversation's state that is not JSON: {error}. "
            "Keep strings, numbers, booleans, lists and objects there."
        ) from error
    return StateChange(turn.state, turn.conversation.state_version)


class _InUse:
    """A responder and the number of attempts that use it."""

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
    """Holds the responder of this process. An attempt keeps the one that it acquired."""

    def __init__(self, responder: Responder) -> None:
        self._current = _InUse(responder)

    @property
    def responder(self) -> Responder:
        """The current one."""
        return self._current.responder

    @contextmanager
    def acquire(self) -> Iterator[Responder]:
        """The responder for one attempt; it stays usable until the block ends, even if another is swapped in."""
        with self._current.used() as responder:
            yield responder

    async def swap(self, responder: Responder) -> None:
        """Use `responder` for new attempts. Returns when the last attempt with the previous one has ended."""
        previous, self._current = self._current, _InUse(responder)
        await previous.wait_until_unused()
