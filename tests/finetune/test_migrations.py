"""Databases of any age are brought to the tables of conversations and releases, and keep what they hold."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, select, text

from dialogue.errors import StoreUnavailable
from dialogue.store import migrations
from dialogue.store import schema as conversations
from dialogue.store.database import Database, now
from dialogue.store.migrations import CONVERSATIONS, head, revision, run_migrations
from finetune import schema
from finetune.migrations import RELEASES, upgrade
from tests.postgres import Cluster

OLD_REVISIONS = {"0001": None, "0002": None, "0003": "0001", "0004": "0002"}
"""Of the one chain that there was before finetune had its own: what of finetune's tables it had made."""
PROMOTION = {"number": 1, "lineup": {"answer": "base"}, "parent": None, "reason": "by hand"}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    postgres: Cluster = request.getfixturevalue("postgres")
    return postgres.create()


async def test_from_nothing_to_the_newest(empty_url):
    assert await upgrade(empty_url) == head()

    assert await revision(empty_url) == head()
    assert await revision(empty_url, RELEASES) == head(RELEASES)
    assert await differences(empty_url) == []


@pytest.mark.parametrize("old", OLD_REVISIONS)
async def test_from_each_revision_of_the_former_chain(empty_url, old):
    await make_old_database(empty_url, old)

    await upgrade(empty_url)

    assert await revision(empty_url) == head()
    assert await revision(empty_url, RELEASES) == head(RELEASES)
    assert await differences(empty_url) == []


@pytest.mark.parametrize("old", ["0003", "0004"])
async def test_what_was_promoted_before_is_kept(empty_url, old):
    await make_old_database(empty_url, old)
    database = Database(empty_url)
    row = {**PROMOTION, "created_at": now()}
    await database.write(lambda c: c.execute(insert(schema.promotion).values(row)).rowcount)

    await upgrade(empty_url)

    kept = await database.read(lambda c: c.execute(select(schema.promotion)).mappings().one())
    await database.close()
    assert dict(kept) == row


async def test_conversations_first_and_releases_later(empty_url):
    await migrations.upgrade(empty_url)
    assert await revision(empty_url, RELEASES) is None

    await upgrade(empty_url)

    assert await differences(empty_url) == []


@pytest.mark.slow
async def test_processes_that_start_at_once_migrate_once(empty_url):
    await make_old_database(empty_url, "0003")
    script = f"import asyncio; from finetune.migrations import upgrade; asyncio.run(upgrade({empty_url!r}))"
    starts = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", script, stderr=PIPE) for _ in range(3)
    ]
    ends = await asyncio.gather(*(start.communicate() for start in starts))

    assert [(start.returncode, errors) for start, (_, errors) in zip(starts, ends, strict=True)] == [
        (0, b"")
    ] * 3
    assert await differences(empty_url) == []


async def test_releases_of_a_newer_version_are_refused_and_nothing_is_changed(empty_url):
    await upgrade(empty_url)
    database = Database(empty_url)
    for change in (
        "UPDATE alembic_version_finetune SET version_num = '9999'",
        "UPDATE alembic_version SET version_num = '0003'",
    ):
        await database.write(lambda c, change=change: c.execute(text(change)).rowcount)
    await database.close()

    with pytest.raises(StoreUnavailable, match="9999, which is newer"):
        await upgrade(empty_url)

    assert await revision(empty_url) == "0003"


async def make_old_database(url: str, old: str) -> None:
    """A database as it was at a revision of the former chain, which made finetune's tables as well."""

    def make(connection: Connection) -> None:
        run_migrations(connection, CONVERSATIONS, old)
        if made := OLD_REVISIONS[old]:
            run_migrations(connection, RELEASES, made)
            connection.execute(text("DROP TABLE alembic_version_finetune"))

    database = Database(url)
    await database.write(make)
    await database.close()
    assert await revision(url) == old
    assert await revision(url, RELEASES) is None


async def differences(url: str) -> list[object]:
    """Between the tables of a database and those that dialogue and finetune describe."""
    everything = MetaData()
    for table in (*conversations.metadata.tables.values(), *schema.metadata.tables.values()):
        table.to_metadata(everything)
    options = {"include_name": lambda name, kind, _: (kind, name) != ("table", RELEASES.table)}

    def compare(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), everything))

    database = Database(url)
    found = await database.read(compare)
    await database.close()
    return found
