"""PostgreSQL for the store, through asyncpg; any number of replicas may share one server."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import create_async_engine

from dialogue.errors import StoreUnavailable

Result = TypeVar("Result")
NO_DRIVER = "No driver for PostgreSQL. Run: pip install 'groundtalk[postgres]'"


class Postgresql:
    """One server. Connections that died while idle are detected and replaced."""

    def __init__(self, url: URL) -> None:
        """Raises StoreUnavailable if the driver is not installed."""
        try:
            self._engine = create_async_engine(url, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise StoreUnavailable(NO_DRIVER) from error
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        async with self._reader.connect() as connection:
            return await connection.run_sync(work)

    async def write(self, work: Callable[[Connection], Result], *, durable: bool) -> Result:
        """Always durable: the server flushes the commits of many conversations together."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def purge_deleted(self) -> None:
        """Nothing to do: autovacuum removes deleted rows."""

    async def close(self) -> None:
        await self._engine.dispose()
