"""What every test may ask for: an empty conversation store, over SQLite and over PostgreSQL."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from dialogue.store.store import Store
from finetune.migrations import upgrade
from tests.postgres import Cluster, cluster

os.environ.setdefault("PROFILE", "full")
"""The same models on every machine that runs the tests, and none of them measured."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that need PostgreSQL, so that `make fast` can leave them out."""
    for item in items:
        if _needs_postgres(item):
            item.add_marker(pytest.mark.postgres)


def _needs_postgres(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return "postgres" in item.fixturenames or "postgresql" in parameters.values()


@pytest.fixture(autouse=True)
def structlog_defaults() -> Iterator[None]:
    """Undoes what a test configured: a command sends its logs to a stream that is closed when its test ends."""
    yield
    structlog.reset_defaults()


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
