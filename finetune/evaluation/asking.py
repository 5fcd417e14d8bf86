"""Puts many rows to a system, a few at a time, so that an engine that batches is kept busy.

Knows neither rows nor systems.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Question = TypeVar("Question")
Reply = TypeVar("Reply")
Progress = Callable[[], None]
"""Called once for every row that is done."""


def silent() -> None:
    """Shows no progress."""


async def ask_all(
    ask: Callable[[Question], Awaitable[Reply]],
    questions: Iterable[Question],
    at_once: int,
    progress: Progress = silent,
) -> list[Reply]:
    """The replies in the order of the questions; the first error stops everything and is raised."""
    replies: dict[int, Reply] = {}
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
