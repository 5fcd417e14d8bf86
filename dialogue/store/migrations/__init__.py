"""Brings a database to the tables of this version, from an empty one or from any earlier version.

Alembic, run from code: `await upgrade(url)`. Each step is one numbered file in `versions`; all steps that
are due run in one transaction, and a second process that starts at the same time waits for it.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from dialogue.errors import StoreUnavailable
from dialogue.store.database import Database

LOCK = 7_143_301_959
"""The advisory lock that PostgreSQL holds for the one who migrates; any number, but always this one."""


async def upgrade(url: str) -> str:
    """Create or upgrade the tables at `url` and return their revision. Harmless if there is nothing to do.

    Raises StoreUnavailable if the database cannot be reached or was upgraded by a newer version.
    """
    database = Database(url)
    try:
        await database.write(_upgrade)
    finally:
        await database.close()
    return head()


async def revision(url: str) -> str | None:
    """The revision of the tables at `url`; None for a database without ours. Raises StoreUnavailable."""
    database = Database(url)
    try:
        return await _revision(database)
    finally:
        await database.close()


async def check(database: Database) -> None:
    """Raises StoreUnavailable unless the tables are those of this version."""
    found = await _revision(database)
    if found != head():
        _refuse_newer(found)
        raise StoreUnavailable(f"The database is at {found}, not {head()}. Run `groundtalk db upgrade`.")


def head() -> str:
    """The newest revision that this version knows."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


async def _revision(database: Database) -> str | None:
    return await database.read(_current)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    _refuse_newer(_current(connection))
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_newer(found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise StoreUnavailable(f"The database is at {found}, which is newer. Upgrade this program.")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
