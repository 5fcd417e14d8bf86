"""Databases of any earlier version are migrated to this one."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from dialogue.errors import StoreUnavailable
from dialogue.store import schema
from dialogue.store.database import Database
from dialogue.store.migrations import head, revision, upgrade
from dialogue.store.store import Store
from tests.dialogue.store.samples import exchange
from tests.postgres import Cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    postgres: Cluster = request.getfixturevalue("postgres")
    return postgres.create()


async def test_from_nothing_to_the_newest(empty_url: str) -> None:
    assert await revision(empty_url) is None

    assert await upgrade(empty_url) == head()

    assert await revision(empty_url) == head()


async def test_upgrading_again_changes_nothing(store: Store, store_url: str) -> None:
    answer = await exchange(store, "hello")

    await upgrade(store_url)

    assert await store.turns.get(answer.conversation, 2) == answer


async def test_migrated_tables_are_those_of_the_schema(empty_url: str) -> None:
    await upgrade(empty_url)
    database = Database(empty_url)
    differences = await database.read(_differences)
    await database.close()

    assert differences == []


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), schema.metadata))


@pytest.mark.slow
async def test_processes_that_start_at_once_migrate_once(empty_url: str) -> None:
    script = (
        f"import asyncio; from dialogue.store.migrations import upgrade; asyncio.run(upgrade({empty_url!r}))"
    )
    starts = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", script, stderr=PIPE) for _ in range(3)
    ]
    told = await asyncio.gather(*(start.communicate() for start in starts))

    assert [(start.returncode, errors) for start, (_, errors) in zip(starts, told, strict=True)] == [
        (0, b"")
    ] * 3
    assert await revision(empty_url) == head()


async def test_a_database_of_a_newer_version_is_refused(store_url: str) -> None:
    database = Database(store_url)
    await database.write(
        lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")).rowcount
    )
    await database.close()

    with pytest.raises(StoreUnavailable, match="9999, which is newer"):
        await Store.open(store_url)
    with pytest.raises(StoreUnavailable, match="9999, which is newer"):
        await upgrade(store_url)


async def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    database = Database(empty_url)
    await database.write(lambda c: c.execute(text("CREATE TABLE outbox (id INTEGER)")).rowcount)

    with pytest.raises(StoreUnavailable):
        await upgrade(empty_url)

    await database.write(lambda c: c.execute(text("CREATE TABLE turn (id INTEGER)")).rowcount)
    await database.close()
    assert await revision(empty_url) is None
