"""The database behind the store, SQLite or PostgreSQL: connections for reading and for writing.

Knows in what the two differ, and turns their failures into `StoreUnavailable` with a remedy. Knows no tables.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Table, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from dialogue.errors import StoreUnavailable

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
PATIENCE = 15.0
"""Seconds that a writer waits for another process to finish writing the same SQLite file."""
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
"""FULL: an acknowledged message survives a power cut (I2). secure_delete: what is erased is gone (I7)."""
RACES = 8
"""How often other processes may win a race against one transaction before it counts as a fault."""
UNREACHABLE = "Check DATABASE_URL, and that the database runs and may be written."
REMEDIES = (
    (
        ("no such table", "no such column", "undefinedtable", "undefinedcolumn"),
        "Run `groundtalk db upgrade`.",
    ),
    (("disk is full", "diskfull", "no space left", "disk i/o error"), "Free some space on its disk."),
    (("database is locked",), "Another program holds the file for long: stop that one, or use PostgreSQL."),
    (("malformed", "not a database"), "The file is damaged or no database: restore it from a backup."),
)


Result = TypeVar("Result")


def now() -> datetime:
    return datetime.now(UTC)


def address(url: str) -> URL:
    """`url` with the async driver that we use. Raises StoreUnavailable for any but SQLite and PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreUnavailable("DATABASE_URL is no URL. Use sqlite:///FILE or postgresql://...") from error
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise StoreUnavailable(
            f"DATABASE_URL names {parsed.drivername!r}. Use sqlite:///FILE or postgresql://..."
        )
    return parsed.set(drivername=driver)


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Failures of the database itself become StoreUnavailable; constraint violations pass as they are."""
    try:
        yield
    except (IntegrityError, DataError):
        raise
    except (DBAPIError, OSError, TimeoutError) as error:
        told = f"{error.orig!r}" if isinstance(error, DBAPIError) else repr(error)
        remedy = next((r for signs, r in REMEDIES if any(s in told.lower() for s in signs)), UNREACHABLE)
        raise StoreUnavailable(f"The database {url.render_as_string()} failed: {told}. {remedy}") from error


class Database:
    """An engine, and the two ways to use it. Open one per process; close it at the end."""

    def __init__(self, url: str) -> None:
        self.url = address(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = _sqlite(self.url) if self.is_sqlite else _postgresql(self.url)
        reads: dict[str, Any] = {"reads": True} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._reader = self._engine.execution_options(**reads)
        # SQLite has one writer: queueing here is fair and wakes at once, its own lock is polled.
        self._turnstile = asyncio.Lock() if self.is_sqlite else nullcontext()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for single statements that read; it waits for no writer. Raises StoreUnavailable."""
        with explained(self.url):
            async with self._reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back on any exception.

        Raises StoreUnavailable; IntegrityError if a constraint was violated.
        """
        with explained(self.url):
            async with self._turnstile, self._engine.begin() as connection:
                yield connection

    async def settle(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """Do `work` in a transaction, and again if another process got in between its look and its write.

        Raises IntegrityError if that happens RACES times, StoreUnavailable.
        """
        for _ in range(RACES - 1):
            with suppress(IntegrityError):
                async with self.writing() as connection:
                    return await work(connection)
        async with self.writing() as connection:
            return await work(connection)

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def make_room(self) -> None:
        """Create the folder of a SQLite file. Raises StoreUnavailable."""
        if self.is_sqlite and self.url.database:
            with explained(self.url):
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)

    async def scrub(self) -> None:
        """Overwrite SQLite's journal, which still holds what was erased. PostgreSQL vacuums by itself."""
        if self.is_sqlite:
            async with self.reading() as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        await self._engine.dispose()


def _sqlite(url: URL) -> AsyncEngine:
    engine = create_async_engine(url, connect_args={"timeout": PATIENCE})
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: Any, record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take the write lock at once: a reader that becomes a writer midway would fail instead of waiting."""
    if not connection.get_execution_options().get("reads"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql(url: URL) -> AsyncEngine:
    try:
        return create_async_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise StoreUnavailable(
            "PostgreSQL needs a driver. Run: pip install 'groundtalk[postgres]'"
        ) from error
