"""Sends many questions to a system, a few at a time, so that an engine that batches is kept busy."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter
from typing import TypeVar

Question = TypeVar("Question")
Response = TypeVar("Response")
RowProgress = Callable[[], None]
"""Called once for every finished row."""


def no_progress() -> None:
    """Shows no progress."""


def timed(
    ask: Callable[[Question], Awaitable[Response]],
) -> Callable[[Question], Awaitable[tuple[Response, float]]]:
    """Replies, and the seconds that each took while others were in progress."""

    async def ask_and_look_at_the_clock(question: Question) -> tuple[Response, float]:
        asked = perf_counter()
        reply = await ask(question)
        return reply, perf_counter() - asked

    return ask_and_look_at_the_clock


async def ask_all(
    ask: Callable[[Question], Awaitable[Response]],
    questions: Iterable[Question],
    at_once: int,
    progress: RowProgress = no_progress,
) -> list[Response]:
    """The replies in the order of the questions; the first error stops everything and is raised."""
    replies: dict[int, Response] = {}
    waiting = enumerate(questions)

    async def work() -> None:
        for number, question in waiting:
            replies[number] = await ask(question)
            progress()

    workers = [asyncio.create_task(work()) for _ in range(at_once)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
    return [replies[number] for number in sorted(replies)]
