"""How long an answer will take, and how long one waits for its turn, learnt from the turns before it.

What counts is what people see: the seconds until the first word, and the text after it. `AnswerSpeed` learns for one
engine, as it runs on this machine: seconds per token of the prompt, seconds per token of the answer, the length of
answers, and how much other answers slow one down. `QueueSpeed` learns how long whole turns take. All are exponential
moving averages. Knows no engine; the clock is the event loop's.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from retrieval.chunking import estimate_tokens

WEIGHT = 0.3
"""Share of the newest value in an average, once there are several: the first answer after a start is often slow."""
FIXED_TOKENS = 100
"""Stand for the part of the prompt that is the same every time, most of which is in the engine's prefix cache."""
LEAST_TOKENS = 4
"""An answer that was shorter says nothing about the speed of writing."""


class MovingAverage:
    """An exponential moving average; None before the first value."""

    def __init__(self) -> None:
        self.value: float | None = None
        self._added = 0

    def add(self, value: float) -> None:
        self._added += 1
        self.value = self.or_zero() + max(WEIGHT, 1 / self._added) * (value - self.or_zero())

    def or_zero(self) -> float:
        return self.value or 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds from now until the first word is there, and until the whole answer is."""

    first_word: float
    complete: float


@dataclass(eq=False, slots=True)
class _Call:
    """An answer in progress.

    others: how many there were when it began, with backlog: tokens of their prompts still to be read, and unwritten:
    seconds of their writing still to come. neighbours: the sum, over the pieces, of the other answers in progress.
    """

    tokens: int
    started: float
    others: int
    backlog: float
    unwritten: float
    first_word: float | None = None
    written: int = 0
    pieces: int = 0
    neighbours: int = 0


class AnswerSpeed:
    """Learns from the answers of one engine, and says how long the next one will take."""

    def __init__(self) -> None:
        self._read = MovingAverage()
        self._write = MovingAverage()
        self._length = MovingAverage()
        self._waits = MovingAverage()
        """The share of the others' writing that a first word waits for: 0 in a batch, 1 one after the other."""
        self._shares = MovingAverage()
        """By how much every other answer in progress slows writing down: 0 not at all, 1 as if they took turns."""
        self._calls: list[_Call] = []

    def estimate(self, prompt: str) -> Estimate | None:
        """For an answer that begins now and depends on `prompt`; None before the first one was measured."""
        if self._read.value is None or self._length.value is None:
            return None
        reading = self._read.value * (_cost(prompt) + self._backlog())
        first_word = reading + self._waits.or_zero() * self._unwritten()
        slower = 1 + self._shares.or_zero() * len(self._calls)
        return Estimate(first_word, first_word + self._length.value * self._write.or_zero() * slower)

    async def measured(self, prompt: str, pieces: AsyncIterator[str]) -> AsyncIterator[str]:
        """The pieces of an answer as they come, while their speed is measured."""
        call = _Call(_cost(prompt), _now(), len(self._calls), self._backlog(), self._unwritten())
        self._calls.append(call)
        try:
            async for piece in pieces:
                if piece:
                    self._see(call, piece)
                yield piece
            self._finish(call)
        finally:
            self._calls.remove(call)

    def _see(self, call: _Call, piece: str) -> None:
        if call.first_word is None:
            call.first_word = _now()
            self._learn_reading(call, call.first_word - call.started)
            return
        call.written += estimate_tokens(piece)
        call.pieces += 1
        call.neighbours += len(self._calls) - 1

    def _learn_reading(self, call: _Call, seconds: float) -> None:
        if not call.others or self._read.value is None or not call.unwritten:
            self._read.add(seconds / (call.tokens + call.backlog))
        else:
            rest = seconds - self._read.value * (call.tokens + call.backlog)
            self._waits.add(_share(rest / call.unwritten))

    def _finish(self, call: _Call) -> None:
        """The answer is whole. Without words it was a refusal, which takes about as long as a first word."""
        if call.first_word is None:
            self._learn_reading(call, _now() - call.started)
            return
        self._length.add(call.written)
        if call.written < LEAST_TOKENS:
            return
        pace, neighbours = (_now() - call.first_word) / call.written, call.neighbours / call.pieces
        if neighbours < 1 or not self._write.value:
            self._write.add(pace)
        else:
            self._shares.add(_share((pace / self._write.value - 1) / neighbours))

    def _backlog(self) -> float:
        """Tokens of prompts that the engine has still to read."""
        waiting = [call for call in self._calls if call.first_word is None]
        if not waiting or not self._read.value:
            return sum(call.tokens for call in waiting)
        done = (_now() - waiting[0].started) / self._read.value
        return max(0.0, sum(call.tokens for call in waiting) - done)

    def _unwritten(self) -> float:
        """Seconds that the engine would write, one answer after the other, until those in progress are whole."""
        left = sum(max(0.0, self._length.or_zero() - call.written) for call in self._calls)
        return left * self._write.or_zero()


class QueueSpeed:
    """Learns how long turns take, and says how long one waits until a worker is free."""

    def __init__(self) -> None:
        self._turn = MovingAverage()
        self._started: dict[str, float] = {}

    def begin(self, conversation: str) -> None:
        """A worker begins with a turn of the conversation."""
        self._started[conversation] = _now()

    def end(self, conversation: str) -> None:
        """The worker is done with it."""
        self._turn.add(_now() - self._started.pop(conversation))

    def estimate(self, before: int) -> float | None:
        """Seconds until a worker is free for what is queued behind `before` others; None before a turn has ended."""
        if self._turn.value is None or not self._started:
            return None
        mean = self._turn.value
        left = sorted(max(0.0, started + mean - _now()) for started in self._started.values())
        rounds, place = divmod(before, len(left))
        return left[place] + rounds * mean


def _cost(prompt: str) -> int:
    return FIXED_TOKENS + estimate_tokens(prompt)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


def _now() -> float:
    return asyncio.get_running_loop().time()
