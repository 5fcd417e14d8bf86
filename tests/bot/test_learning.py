import asyncio
from threading import Event

import pytest

from bot.learning import Stopped, stoppable


async def test_work_is_done_in_a_thread_to_its_end():
    steps = []

    def work(alive):
        for step in range(3):
            alive(step, 3)
            steps.append(step)

    await stoppable(work)
    assert steps == [0, 1, 2]


async def test_what_goes_wrong_in_it_is_raised():
    def work(alive):
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        await stoppable(work)


async def test_work_that_nobody_waits_for_ends_at_its_next_step():
    begun, ended = Event(), Event()

    def work(alive):
        try:
            for step in range(10_000):
                begun.set()
                alive(step, 10_000)
                ended.wait(0.01)
        except Stopped:
            ended.set()
            raise

    task = asyncio.create_task(stoppable(work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 5)
