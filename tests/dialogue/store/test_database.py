"""URLs, durability, and failures that name their remedy."""

import sqlite3
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from dialogue.errors import StoreUnavailable
from dialogue.store.database import Database, driver_url
from dialogue.store.migrations import upgrade
from dialogue.store.store import Store
from tests.dialogue.store.samples import CHAT, ask, said
from tests.postgres import Cluster


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///x.db", "sqlite+pysqlite"),
        ("sqlite+aiosqlite:///x.db", "sqlite+pysqlite"),
        ("postgresql://me@host/db", "postgresql+asyncpg"),
        ("postgres://me@host/db", "postgresql+asyncpg"),
        ("postgresql+psycopg://me@host/db", "postgresql+asyncpg"),
    ],
)
def test_any_url_gets_our_driver(url: str, driver: str) -> None:
    assert driver_url(url).drivername == driver


@pytest.mark.parametrize("url", ["mysql://me@host/db", "store.db", "", "://"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="Use sqlite:///path/to/file or postgresql://"):
        driver_url(url)


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 1)])
async def test_sqlite_waits_for_the_disk_where_it_matters(
    sqlite_url: str, durable: bool, synchronous: int
) -> None:
    database = Database(sqlite_url)
    for _ in range(2):
        pragma = partial(_pragma, "synchronous")
        assert await database.write(pragma, durable=durable) == synchronous
        await database.write(pragma, durable=not durable)
    await database.close()


async def test_sqlite_keeps_references_and_overwrites_what_is_erased(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    names = ("journal_mode", "foreign_keys", "secure_delete")
    settings = {name: await database.write(partial(_pragma, name)) for name in names}
    await database.close()

    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "secure_delete": 1}


def _pragma(name: str, connection: Connection) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


async def test_readers_do_not_wait_for_a_writer(sqlite_url: str) -> None:
    async with await Store.open(sqlite_url) as store:
        turn = await ask(store, "hello")
        with sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            assert await store.turns.after(turn.conversation, 0, 5) == [turn]
            other.execute("ROLLBACK")
        other.close()


async def test_unreachable_server_names_the_remedy_and_keeps_the_password() -> None:
    with pytest.raises(StoreUnavailable, match="Check the URL") as failure:
        await Store.open("postgresql://me:hush@127.0.0.1:1/db")

    assert "hush" not in str(failure.value)


async def test_missing_database_names_the_remedy(postgres: Cluster) -> None:
    with pytest.raises(StoreUnavailable, match="nowhere"):
        await Store.open(postgres.create().replace("groundtalk_", "nowhere_"))


async def test_missing_folder_is_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a' / 'b' / 'store.db'}"

    await upgrade(url)

    async with await Store.open(url) as store:
        await store.ping()


async def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnavailable, match="URL"):
        await Store.open(f"sqlite:///{tmp_path / 'file' / 'store.db'}")


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear database, " * 1000)

    with pytest.raises(StoreUnavailable, match="restore it from a backup"):
        await Store.open(f"sqlite:///{tmp_path / 'letter.txt'}")


async def test_full_disk_loses_nothing_that_was_acknowledged(sqlite_url: str) -> None:
    async with await Store.open(sqlite_url) as store:
        turn = await ask(store, "hello")
        size = await store.database.write(partial(_pragma, "page_count"))
        await store.database.write(partial(_pragma, f"max_page_count = {size}"))
        with pytest.raises(StoreUnavailable, match="Free some space"):
            await store.turns.accept(said("x" * 100_000))

        await store.database.write(partial(_pragma, "max_page_count = 1000000"))
        assert (await ask(store, "there again")).number == 2
        assert await store.turns.get(turn.conversation, 1) == turn


async def test_server_that_restarts_is_found_again(postgres: Cluster, postgres_url: str) -> None:
    async with await Store.open(postgres_url) as store:
        await store.conversations.start(CHAT)
        database = Database(postgres_url)
        others = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        await database.read(lambda c: c.execute(others).all())
        await database.close()

        assert (await ask(store, "hello")).number == 1
