import asyncio

import pytest

from finetune.evaluation.concurrency import ask_all


async def test_replies_come_in_the_order_of_the_questions():
    async def ask(seconds):
        await asyncio.sleep(seconds)
        return seconds

    assert await ask_all(ask, [0.02, 0.0, 0.01], at_once=3) == [0.02, 0.0, 0.01]


async def test_no_more_than_at_once_are_under_way():
    under_way, most = 0, 0

    async def ask(question):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    await ask_all(ask, range(20), at_once=3)
    assert most == 3


async def test_progress_is_told_of_every_reply():
    done = []

    async def ask(question):
        return question

    await ask_all(ask, range(5), at_once=2, progress=lambda: done.append(1))
    assert len(done) == 5


async def test_the_first_error_stops_the_rest():
    asked = []

    async def ask(question):
        asked.append(question)
        await asyncio.sleep(0)
        if question == 1:
            raise ValueError("no engine")

    with pytest.raises(ValueError, match="no engine"):
        await ask_all(ask, range(100), at_once=2)
    await asyncio.sleep(0.01)
    assert len(asked) < 6
