"""PostgreSQL for the store: connections of the event loop, for any number of replicas."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import create_async_engine

from dialogue.errors import StoreUnavailable

Result = TypeVar("Result")
NO_DRIVER = "No driver for PostgreSQL. Run: .venv/bin/pip install -c constraints.txt -e '.[postgres]'"


class Postgresql:
    """One server. A connection that died while it was idle is noticed and replaced."""

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
        """Always durable: the server gathers the commits of many conversations into one wait for its disk."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def scrub(self) -> None:
        """Nothing to do: its own vacuum clears what was erased."""

    async def close(self) -> None:
        await self._engine.dispose()
