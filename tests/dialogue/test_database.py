"""URLs, durability, and failures that name their remedy."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from dialogue.database import Database
from dialogue.errors import StoreUnavailable
from dialogue.migrations import upgrade
from dialogue.store import Store
from tests.dialogue.talk import CHAT, ask, said
from tests.postgres import Cluster


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite"),
        ("postgresql://me@host/db", "postgresql+asyncpg"),
        ("postgres://me@host/db", "postgresql+asyncpg"),
        ("postgresql+psycopg://me@host/db", "postgresql+asyncpg"),
    ],
)
def test_plain_urls_get_the_async_driver(url: str, driver: str) -> None:
    assert Database(url).url.drivername == driver


@pytest.mark.parametrize("url", ["mysql://me@host/db", "store.db", "", "://"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="Use sqlite:///FILE or postgresql://"):
        Database(url)


async def test_sqlite_commits_survive_a_power_cut(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    async with database.writing() as connection:
        settings = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    await database.close()

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


async def test_readers_do_not_wait_for_a_writer(sqlite_url: str) -> None:
    async with await Store.open(sqlite_url) as store:
        turn = await ask(store, "hello")
        with sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            assert await store.turns(turn.conversation, 0, 5) == [turn]
            other.execute("ROLLBACK")
        other.close()


async def test_unreachable_server_names_the_remedy_and_keeps_the_password() -> None:
    with pytest.raises(StoreUnavailable, match="Check DATABASE_URL") as failure:
        await Store.open("postgresql://me:hush@127.0.0.1:1/db")

    assert "hush" not in str(failure.value)


async def test_missing_database_names_the_remedy(postgres: Cluster) -> None:
    with pytest.raises(StoreUnavailable, match="nowhere"):
        await Store.open(postgres.create().replace("groundtalk_", "nowhere_"))


async def test_missing_folder_is_made_by_the_upgrade(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a' / 'b' / 'store.db'}"

    with pytest.raises(StoreUnavailable, match="DATABASE_URL"):
        await Store.open(url)
    await upgrade(url)
    async with await Store.open(url) as store:
        await store.ping()


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear database, " * 1000)

    with pytest.raises(StoreUnavailable, match="restore it from a backup"):
        await Store.open(f"sqlite:///{tmp_path / 'letter.txt'}")


async def test_full_disk_loses_nothing_that_was_acknowledged(sqlite_url: str) -> None:
    async with await Store.open(sqlite_url) as store:
        turn = await ask(store, "hello")
        await _limit(store, pages="page_count")
        with pytest.raises(StoreUnavailable, match="Free some space"):
            await store.accept(said("x" * 100_000))

        await _limit(store, pages="1000000")
        assert (await ask(store, "there again")).number == 2
        assert await store.turn(turn.conversation, 1) == turn


async def _limit(store: Store, pages: str) -> None:
    """Let the file grow to so many pages and no further, as a full disk does."""
    async with store._database.writing() as connection:
        now = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        await connection.execute(text(f"PRAGMA max_page_count = {now if pages == 'page_count' else pages}"))


async def test_server_that_restarts_is_found_again(postgres: Cluster, postgres_url: str) -> None:
    async with await Store.open(postgres_url) as store:
        await store.start(CHAT)
        database = Database(postgres_url)
        async with database.writing() as connection:
            await connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            )
        await database.close()

        assert (await ask(store, "hello")).number == 1
