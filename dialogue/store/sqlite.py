"""SQLite for the store: one thread writes, a few read.

SQLite answers in microseconds, so a whole transaction is one call in a thread. With a driver that calls a thread for
every statement a turn took twice as long.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, create_engine, event

LOCK_TIMEOUT = 15.0
"""Seconds that a writer waits for another process that is writing to the same file."""
READERS = 4
PRAGMAS = ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON")
"""secure_delete: deleted rows are overwritten with zeros (I7)."""

Result = TypeVar("Result")


class Sqlite:
    """One file. The writers of this process queue for one thread; readers never wait for them."""

    def __init__(self, url: URL) -> None:
        """Creates the folder of the file if it does not exist."""
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(url, connect_args={"timeout": LOCK_TIMEOUT})
        self._reader = self._engine.execution_options(writes=None)
        self._writer = self._engine.execution_options(writes="FULL")
        self._relaxed_writer = self._engine.execution_options(writes="NORMAL")
        self._write_thread = ThreadPoolExecutor(1, "store-writer")
        self._read_threads = ThreadPoolExecutor(READERS, "store-reader")
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        def transaction() -> Result:
            with self._reader.connect() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._read_threads, transaction)

    async def write(self, work: Callable[[Connection], Result], *, durable: bool) -> Result:
        engine = self._writer if durable else self._relaxed_writer

        def transaction() -> Result:
            with engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._write_thread, transaction)

    async def purge_deleted(self) -> None:
        """Truncate the write-ahead log, which may still hold deleted rows."""
        await self.read(lambda connection: connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def close(self) -> None:
        for threads in (self._write_thread, self._read_threads):
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()


def _prepare(connection: Any, record: object) -> None:
    connection.isolation_level = None  # BEGIN is issued in _begin
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take the write lock at the start: a transaction that turns from reading to writing would fail, not wait.

    With `synchronous = FULL` a commit is flushed to disk, together with all earlier ones; with NORMAL it is not.
    """
    if mode := connection.get_execution_options()["writes"]:
        connection.exec_driver_sql(f"PRAGMA synchronous = {mode}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
