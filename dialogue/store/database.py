"""The database behind the store, SQLite or PostgreSQL by URL: transactions are functions that it runs.

A transaction is a plain function on a connection, so that its statements stand together and run together.
Turns the failures of either database into `StoreUnavailable` with a remedy. Knows no tables.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from sqlalchemy import URL, Connection, Table, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError

from dialogue.errors import StoreUnavailable
from dialogue.store.postgresql import Postgresql
from dialogue.store.sqlite import Sqlite

DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
RACES = 8
"""How often other processes may win a race against one transaction before it counts as a fault."""
USE = "Use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
UNREACHABLE = "Check DATABASE_URL, and that the database runs and may be written."
REMEDIES = (
    (("no such table", "no such column", "undefinedtable"), "Run `groundtalk db upgrade`."),
    (("disk is full", "diskfull", "no space left", "disk i/o error"), "Free some space on its disk."),
    (("database is locked",), "Another program holds the file for long: stop that one, or use PostgreSQL."),
    (("malformed", "not a database"), "The file is damaged or no database: restore it from a backup."),
)

Result = TypeVar("Result")


def now() -> datetime:
    return datetime.now(UTC)


class Server(Protocol):
    """What SQLite and PostgreSQL do each in its own way."""

    async def read(self, work: Callable[[Connection], Result]) -> Result: ...

    async def write(self, work: Callable[[Connection], Result], *, durable: bool) -> Result: ...

    async def scrub(self) -> None: ...

    async def close(self) -> None: ...


class Database:
    """One database, opened. Open it once per process and close it at the end."""

    def __init__(self, url: str) -> None:
        """Raises StoreUnavailable if `url` names no database that we know, or its driver is not installed."""
        self.url = address(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        with explained(self.url):
            self._server: Server = Sqlite(self.url) if self.is_sqlite else Postgresql(self.url)

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` reads; it waits for no writer. Raises StoreUnavailable."""
        with explained(self.url):
            return await self._server.read(work)

    async def write(self, work: Callable[[Connection], Result], *, durable: bool = True) -> Result:
        """Do `work` in one transaction: all of it is committed, or nothing if it raises.

        If another process gets in between its look and its write, `work` runs again: it must do nothing but
        query. What is not `durable` survives the death of the process and may be undone by a power cut: right
        for leases, which end by themselves. Raises StoreUnavailable.
        """
        with explained(self.url):
            for _ in range(RACES - 1):
                with suppress(IntegrityError):
                    return await self._server.write(work, durable=durable)
            return await self._server.write(work, durable=durable)

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    async def scrub(self) -> None:
        """Overwrite what was erased wherever the database still keeps it. Raises StoreUnavailable."""
        with explained(self.url):
            await self._server.scrub()

    async def close(self) -> None:
        await self._server.close()


def address(url: str) -> URL:
    """`url` with the driver that we use. Raises StoreUnavailable for any but SQLite and PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreUnavailable(f"DATABASE_URL is no URL. {USE}") from error
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise StoreUnavailable(f"DATABASE_URL names {parsed.drivername!r}. {USE}")
    return parsed.set(drivername=driver)


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Failures of the database itself become StoreUnavailable; errors in what it was asked pass as they are."""
    try:
        yield
    except (IntegrityError, DataError):
        raise
    except (DBAPIError, OSError, TimeoutError) as error:
        told = repr(error.orig if isinstance(error, DBAPIError) else error)
        remedy = next((r for signs, r in REMEDIES if any(s in told.lower() for s in signs)), UNREACHABLE)
        raise StoreUnavailable(f"The database {url.render_as_string()} failed: {told}. {remedy}") from error
