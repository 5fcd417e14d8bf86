"""SQLite for the store: a thread that writes and a few that read.

SQLite answers in microseconds, so a whole transaction is one visit to a thread. A driver that visits for every
statement made a turn cost twice as much.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, create_engine, event

LOCK_TIMEOUT = 15.0
"""Seconds that a writer waits for another process to finish writing the same file."""
READERS = 4
PRAGMAS = ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON")
"""secure_delete: what is erased is overwritten (I7)."""

Result = TypeVar("Result")


class Sqlite:
    """One file. Writers of this process queue for its one writing thread; readers never wait for them."""

    def __init__(self, url: URL) -> None:
        """`url` is that of a file, whose folder is made if need be."""
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(url, connect_args={"timeout": LOCK_TIMEOUT})
        self._reader = self._engine.execution_options(writes=None)
        self._writer = self._engine.execution_options(writes="FULL")
        self._jotter = self._engine.execution_options(writes="NORMAL")
        self._writing = ThreadPoolExecutor(1, "store-writer")
        self._reading = ThreadPoolExecutor(READERS, "store-reader")
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        def visit() -> Result:
            with self._reader.connect() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._reading, visit)

    async def write(self, work: Callable[[Connection], Result], *, durable: bool) -> Result:
        engine = self._writer if durable else self._jotter

        def visit() -> Result:
            with engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._writing, visit)

    async def scrub(self) -> None:
        """Empty the journal, which still holds what was erased."""
        await self.read(lambda connection: connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def close(self) -> None:
        for threads in (self._writing, self._reading):
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()


def _prepare(connection: Any, record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take the write lock at once: a reader that becomes a writer midway would fail instead of waiting.

    In mode FULL a commit waits for the disk, with all that was committed before it; in NORMAL it does not.
    """
    if mode := connection.get_execution_options()["writes"]:
        connection.exec_driver_sql(f"PRAGMA synchronous = {mode}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
