"""One process at a time does what a lease is held for: on SQLite and on PostgreSQL."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from dialogue.store.database import Database, now
from finetune import schema
from finetune.errors import LeaseLost
from finetune.lease import hold_lease


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    opened = Database(store_url)
    yield opened
    await opened.close()


async def test_one_holder_at_a_time(database):
    async with hold_lease(database, "retraining") as first, hold_lease(database, "retraining") as second:
        assert (first, second) == (True, False)
    async with hold_lease(database, "retraining") as again:
        assert again


async def test_other_work_has_a_lease_of_its_own(database):
    async with hold_lease(database, "retraining") as one, hold_lease(database, "something else") as other:
        assert one
        assert other


async def test_of_many_that_start_at_once_one_holds_it(database):
    begun = asyncio.Event()

    async def hold() -> bool:
        async with hold_lease(database, "retraining") as mine:
            if mine:
                await begun.wait()
            return mine

    tasks = [asyncio.create_task(hold()) for _ in range(8)]
    done, waiting = await asyncio.wait(tasks, timeout=1)
    begun.set()
    assert [task.result() for task in done] == [False] * 7
    assert [await task for task in waiting] == [True]


async def test_work_may_take_longer_than_a_lease(database):
    async with hold_lease(database, "retraining", seconds=0.3) as mine:
        await asyncio.sleep(0.7)
        async with hold_lease(database, "retraining") as other:
            assert (mine, other) == (True, False)


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError])
async def test_it_is_given_back_however_the_work_ends(database, error):
    with pytest.raises(error):
        async with hold_lease(database, "retraining"):
            raise error
    async with hold_lease(database, "retraining") as again:
        assert again


async def test_who_was_overtaken_is_stopped_and_takes_nothing_away(database):
    overtaken = update(schema.lease).values(owner="another", until=now() + timedelta(seconds=60))
    with pytest.raises(LeaseLost, match="another took over retraining"):
        async with hold_lease(database, "retraining", seconds=0.1):
            await database.write(lambda c: c.execute(overtaken).rowcount)
            await asyncio.sleep(5)
    async with hold_lease(database, "retraining") as mine:
        assert not mine


def hold_until_killed(url: str) -> None:
    async def hold() -> None:
        async with hold_lease(Database(url), "retraining", seconds=1.0) as mine:
            assert mine
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(hold())


async def test_the_lease_of_a_killed_process_ends_by_itself(sqlite_url):
    killed = multiprocessing.get_context("spawn").Process(target=hold_until_killed, args=(sqlite_url,))
    killed.start()
    await asyncio.to_thread(killed.join)
    assert killed.exitcode == -signal.SIGKILL
    database = Database(sqlite_url)
    async with hold_lease(database, "retraining") as too_soon:
        assert not too_soon
    await asyncio.sleep(1.1)
    async with hold_lease(database, "retraining") as later:
        assert later
    await database.close()
