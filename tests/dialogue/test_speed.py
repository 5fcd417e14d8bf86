"""Estimates against engines whose speeds are given, in virtual time: they are right within a factor of two."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.speed import AnswerSpeed, Estimate, QueueSpeed
from tests.dialogue.virtual_time import run

FIXED = 150
"""Tokens of a prompt that the engine reads besides question and passages."""


class SimulatedEngine:
    """Reads and writes so many tokens per second.

    batched: prompts are read one after the other, and answers are written side by side, each as much slower as there
    are others, down to the share `slowdown`. Otherwise one answer follows the other.
    """

    def __init__(self, reads: float, writes: float, *, batched: bool = True, slowdown: float = 1.0) -> None:
        self.reads, self.writes, self.slowdown = reads, writes, slowdown
        self._reading = asyncio.Lock()
        self._writing = asyncio.Lock() if not batched else None
        self._active = 0

    async def answer(self, prompt: str, tokens: int) -> AsyncIterator[str]:
        if self._writing:
            async with self._writing:
                async for word in self._answer(prompt, tokens):
                    yield word
        else:
            async for word in self._answer(prompt, tokens):
                yield word

    async def _answer(self, prompt: str, tokens: int) -> AsyncIterator[str]:
        async with self._reading:
            await asyncio.sleep((FIXED + len(prompt.split())) / self.reads)
        yield "Well"
        self._active += 1
        try:
            for _ in range(tokens):
                await asyncio.sleep((1 + self.slowdown * (self._active - 1)) / self.writes)
                yield " word"
        finally:
            self._active -= 1


async def take(speed: AnswerSpeed, engine: SimulatedEngine, prompt: str, tokens: int) -> tuple[float, float]:
    """Seconds until the first word and until the end."""
    now = asyncio.get_running_loop().time
    began, first = now(), 0.0
    async for _ in speed.measured(prompt, engine.answer(prompt, tokens)):
        first = first or now() - began
    return first, now() - began


def prompt_of(words: int) -> str:
    return " ".join(["word"] * words)


def assert_close(estimate: Estimate | None, first_word: float, complete: float) -> None:
    assert estimate is not None
    for said, taken in ((estimate.first_word, first_word), (estimate.complete, complete)):
        assert taken / 2 <= said <= 2 * taken, f"said {estimate}, took {first_word:.1f} and {complete:.1f}"


@given(
    reads=st.floats(20, 2_000),
    writes=st.floats(2, 100),
    sizes=st.lists(st.integers(120, 260), min_size=2, max_size=8),
)
@settings(max_examples=40, deadline=None)
def test_one_after_the_other(reads: float, writes: float, sizes: list[int]) -> None:
    async def ask_all() -> None:
        speed, engine = AnswerSpeed(), SimulatedEngine(reads, writes)
        assert speed.estimate(prompt_of(sizes[0])) is None
        await take(speed, engine, prompt_of(sizes[0]), 40)
        for size in sizes[1:]:
            said = speed.estimate(prompt_of(size))
            assert_close(said, *await take(speed, engine, prompt_of(size), 40))

    run(ask_all())


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("slowdown", [0.1, 1.0])
@pytest.mark.parametrize("together", [2, 4, 8])
def test_those_who_ask_at_the_same_time_are_counted(batched: bool, slowdown: float, together: int) -> None:
    async def ask_all() -> None:
        speed = AnswerSpeed()
        engine = SimulatedEngine(80, 10, batched=batched, slowdown=slowdown)
        await take(speed, engine, prompt_of(240), 40)
        for _ in range(4):
            asking = []
            for _ in range(together):
                said = speed.estimate(prompt_of(240))
                asking.append(asyncio.create_task(take(speed, engine, prompt_of(240), 40)))
                await asyncio.sleep(0.1)
            taken = await asyncio.gather(*asking)
        assert_close(said, *taken[-1])

    run(ask_all())


def test_a_machine_that_gets_slower_is_noticed() -> None:
    async def ask_all() -> None:
        speed, engine = AnswerSpeed(), SimulatedEngine(400, 20)
        await take(speed, engine, prompt_of(200), 40)
        engine.reads, engine.writes = 100, 5
        for _ in range(6):
            taken = await take(speed, engine, prompt_of(200), 40)
        assert_close(speed.estimate(prompt_of(200)), *taken)

    run(ask_all())


def test_answers_of_any_length_are_foreseen_on_average() -> None:
    async def ask_all() -> float:
        speed, engine, lengths = AnswerSpeed(), SimulatedEngine(100, 10), random.Random(7)
        errors = []
        for _ in range(60):
            said = speed.estimate(prompt_of(200))
            _, complete = await take(speed, engine, prompt_of(200), lengths.randint(20, 80))
            errors.append(said.complete / complete if said else 1.0)
        return sorted(errors)[len(errors) // 2]

    assert 0.7 < run(ask_all()) < 1.4


async def refusal(engine: SimulatedEngine, prompt: str) -> AsyncIterator[str]:
    """The engine's time for a few tokens that nobody sees."""
    async for _ in engine.answer(prompt, 3):
        pass
    for word in ():
        yield word


def test_a_refusal_teaches_how_long_the_first_word_takes() -> None:
    async def ask_all() -> None:
        speed, engine, prompt = AnswerSpeed(), SimulatedEngine(25, 10), prompt_of(200)
        await take(speed, engine, prompt, 40)
        engine.reads = 100
        for _ in range(6):
            assert [word async for word in speed.measured(prompt, refusal(engine, prompt))] == []
        said = speed.estimate(prompt)
        assert_close(said, *await take(speed, engine, prompt, 40))

    run(ask_all())


def test_a_stopped_answer_teaches_nothing() -> None:
    async def ask_all() -> None:
        speed, engine = AnswerSpeed(), SimulatedEngine(100, 10)
        stopped = asyncio.create_task(take(speed, engine, prompt_of(200), 40))
        await asyncio.sleep(3)
        stopped.cancel()
        await asyncio.gather(stopped, return_exceptions=True)
        assert speed.estimate("Why?") is None
        taken = await take(speed, engine, prompt_of(200), 40)
        assert_close(speed.estimate(prompt_of(200)), *taken)

    run(ask_all())


class Workers:
    """So many places; each turn takes so long."""

    def __init__(self, places: int, seconds: Callable[[], float]) -> None:
        self.speed = QueueSpeed()
        self._places = asyncio.Semaphore(places)
        self._seconds = seconds
        self.waiting = 0

    async def turn(self, name: str) -> tuple[float | None, float]:
        """What was said of the wait, and how long it was."""
        now = asyncio.get_running_loop().time
        began = now()
        said = self.speed.estimate(self.waiting) if self._places.locked() else 0.0
        async with self._place():
            waited = now() - began
            self.speed.begin(name)
            await asyncio.sleep(self._seconds())
            self.speed.end(name)
        return said, waited

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        self.waiting += 1
        async with self._places:
            self.waiting -= 1
            yield


@pytest.mark.parametrize("people", [20, 60])
def test_a_queue_tells_how_long_the_wait_is(people: int) -> None:
    async def ask_all() -> list[tuple[float | None, float]]:
        spread = random.Random(3)
        workers = Workers(4, lambda: spread.uniform(8, 12))
        assert (await workers.turn("first"))[0] == 0.0
        return await asyncio.gather(*(workers.turn(str(n)) for n in range(people)))

    for said, waited in run(ask_all()):
        assert said is not None
        if waited > 5:
            assert waited / 2 <= said <= 2 * waited


def test_before_a_turn_has_ended_nothing_is_said_of_the_wait() -> None:
    async def ask() -> None:
        speed = QueueSpeed()
        assert speed.estimate(0) is None
        speed.begin("a")
        assert speed.estimate(0) is None
        await asyncio.sleep(4)
        speed.end("a")
        assert speed.estimate(0) is None

    run(ask())


async def test_an_answer_that_comes_in_one_piece_is_whole_with_its_first_word() -> None:
    speed = AnswerSpeed()

    async def whole() -> AsyncIterator[str]:
        await asyncio.sleep(0.01)
        yield "It takes 230 volts [1]."

    async for _ in speed.measured("What voltage?", whole()):
        pass
    estimate = speed.estimate("What voltage?")
    assert estimate is not None
    assert estimate.complete == estimate.first_word > 0
