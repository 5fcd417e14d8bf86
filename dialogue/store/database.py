"""The database behind the store, SQLite or PostgreSQL depending on the URL.

A transaction is a plain function that takes a connection; the database runs it, and runs it again after a conflict with
another process. Failures of either database become `StoreUnavailable` with a remedy.
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
MAX_TRIES = 8
"""How often a transaction is tried when other processes insert the same row first."""
URL_FORMS = "Use sqlite:///path/to/file or postgresql://user:password@host/name."
DEFAULT_REMEDY = "Check the URL, and that the database runs and may be written.", ("url",)
REMEDIES = (
    (("no such table", "no such column", "undefinedtable"), ("Upgrade its tables.", ("upgrade",))),
    (("disk is full", "diskfull", "no space left", "disk i/o error"), ("Free some space on its disk.", ())),
    (("database is locked",), ("Another program keeps it locked: stop that one, or use PostgreSQL.", ())),
    (
        ("malformed", "not a database"),
        ("The file is damaged or not a database: restore it from a backup.", ()),
    ),
)

Result = TypeVar("Result")


def now() -> datetime:
    return datetime.now(UTC)


class Backend(Protocol):
    """What SQLite and PostgreSQL each do in their own way."""

    async def read(self, work: Callable[[Connection], Result]) -> Result: ...

    async def write(self, work: Callable[[Connection], Result], *, durable: bool) -> Result: ...

    async def purge_deleted(self) -> None: ...

    async def close(self) -> None: ...


class Database:
    """An open database. Open it once per process and close it at the end."""

    def __init__(self, url: str) -> None:
        """Raises StoreUnavailable if `url` is neither SQLite nor PostgreSQL, or if the driver is not installed."""
        self.url = driver_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        with translated_errors(self.url):
            self._backend: Backend = Sqlite(self.url) if self.is_sqlite else Postgresql(self.url)

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work`, which only reads, and return its result. It never waits for a writer. Raises StoreUnavailable."""
        with translated_errors(self.url):
            return await self._backend.read(work)

    async def write(self, work: Callable[[Connection], Result], *, durable: bool = True) -> Result:
        """Run `work` in one transaction, which is committed whole, or rolled back if it raises.

        `work` runs again after a conflict with another process, so it must do nothing but execute statements. With
        `durable=False` the commit survives a crash of the process but perhaps not a power cut: right for leases, which
        expire anyway. Raises StoreUnavailable.
        """
        with translated_errors(self.url):
            for _ in range(MAX_TRIES - 1):
                with suppress(IntegrityError):
                    return await self._backend.write(work, durable=durable)
            return await self._backend.write(work, durable=durable)

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT of the right dialect, for its ON CONFLICT clause."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    async def purge_deleted(self) -> None:
        """Remove deleted rows from wherever the database still keeps their bytes. Raises StoreUnavailable."""
        with translated_errors(self.url):
            await self._backend.purge_deleted()

    async def close(self) -> None:
        await self._backend.close()


def driver_url(url: str) -> URL:
    """`url` with the driver that we use. Raises StoreUnavailable unless it is SQLite or PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreUnavailable(
            f"The database's URL cannot be parsed. {URL_FORMS}", remedies=("url",)
        ) from error
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise StoreUnavailable(f"{parsed.drivername!r} is not supported. {URL_FORMS}", remedies=("url",))
    return parsed.set(drivername=driver)


@contextmanager
def translated_errors(url: URL) -> Iterator[None]:
    """Turn failures of the database into StoreUnavailable; errors in a statement or its data pass unchanged."""
    try:
        yield
    except (IntegrityError, DataError):
        raise
    except (DBAPIError, OSError, TimeoutError) as error:
        reason = repr(error.orig if isinstance(error, DBAPIError) else error)
        remedy, names = next(
            (remedy for signs, remedy in REMEDIES if any(s in reason.lower() for s in signs)), DEFAULT_REMEDY
        )
        raise StoreUnavailable(
            f"The database {url.render_as_string()} failed: {reason}. {remedy}", remedies=names
        ) from error
