"""What every test may ask for: an empty conversation store, over SQLite and over PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dialogue.store.store import Store
from finetune.migrations import upgrade
from tests.postgres import Cluster, cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Cluster) -> str:
    url = postgres.create()
    asyncio.run(upgrade(url))
    return url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "store.db"
    asyncio.run(upgrade(f"sqlite:///{file}"))
    return file


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A store's URL of its own for each test, migrated and empty."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'store.db')}"


@pytest.fixture
def postgres_url(postgres: Cluster, migrated_postgres: str) -> str:
    """A store's URL of its own for each test, migrated and empty."""
    return postgres.create(template=migrated_postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Runs the test once on each database."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """An open store; the test runs once on each database."""
    async with await Store.open(store_url) as opened:
        yield opened
