"""Migrates a database to this version, from an empty database or from any earlier version.

Each package keeps its own tables, and its own migrations for them: a `MigrationSet`. `await upgrade(url)` runs
Alembic for the conversation tables, and for the sets of other packages that share the database. All pending
migrations run in one transaction, and a second process that starts at the same time waits for it.
"""

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from dialogue.errors import StoreUnavailable
from dialogue.store.database import Database

FOLDER = Path(__file__).parent
LOCK = 7_143_301_959
"""The advisory lock that PostgreSQL holds while a process migrates; an arbitrary number, but always the same."""


@dataclass(frozen=True, slots=True)
class MigrationSet:
    """The migrations of one package. versions: the folder of its numbered files, each of which names the one before.

    table: where the database records the last migration that ran; every set needs a table of its own.
    """

    versions: Path
    table: str


CONVERSATIONS = MigrationSet(FOLDER / "versions", "alembic_version")


async def upgrade(url: str, *others: MigrationSet) -> str:
    """Create or upgrade the conversation tables at `url`, and those of `others`. Does nothing if all are up to date.

    Returns the revision of the conversation tables. Raises StoreUnavailable if the database cannot be reached or was
    upgraded by a newer version; nothing is changed then.
    """
    database = Database(url)
    try:
        await database.write(lambda connection: _upgrade(connection, (CONVERSATIONS, *others)))
    finally:
        await database.close()
    return head()


async def revision(url: str, migrations: MigrationSet = CONVERSATIONS) -> str | None:
    """The revision of a set's tables at `url`; None if it has none yet. Raises StoreUnavailable."""
    database = Database(url)
    try:
        return await _revision(database, migrations)
    finally:
        await database.close()


async def check(database: Database, migrations: MigrationSet = CONVERSATIONS) -> None:
    """Raises StoreUnavailable unless the set's tables are those of this version."""
    found = await _revision(database, migrations)
    if found != head(migrations):
        _refuse_newer(found, migrations)
        raise StoreUnavailable(
            f"The database is at {found}, not {head(migrations)}. Upgrade its tables.", remedies=("upgrade",)
        )


def head(migrations: MigrationSet = CONVERSATIONS) -> str:
    """The newest revision of this version."""
    newest = ScriptDirectory.from_config(_config(migrations)).get_current_head()
    assert newest is not None
    return newest


async def _revision(database: Database, migrations: MigrationSet) -> str | None:
    return await database.read(lambda connection: _current(connection, migrations))


def _current(connection: Connection, migrations: MigrationSet) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": migrations.table})
    return context.get_current_revision()


def _upgrade(connection: Connection, sets: tuple[MigrationSet, ...]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    for migrations in sets:
        _refuse_newer(_current(connection, migrations), migrations)
    for migrations in sets:
        run_migrations(connection, migrations)


def run_migrations(connection: Connection, migrations: MigrationSet, target: str = "head") -> None:
    """Run those of the set up to `target` that have not run yet, in the transaction that is open."""
    config = _config(migrations)
    config.attributes["connection"] = connection
    config.attributes["version_table"] = migrations.table
    command.upgrade(config, target)


def _refuse_newer(found: str | None, migrations: MigrationSet) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config(migrations)).walk_revisions()}
    if found is not None and found not in known:
        raise StoreUnavailable(f"The database is at {found}, which is newer. Upgrade this program.")


def _config(migrations: MigrationSet) -> Config:
    config = Config()
    config.set_main_option("script_location", _escaped(FOLDER))
    config.set_main_option("version_locations", _escaped(migrations.versions))
    config.set_main_option("path_separator", "os")
    return config


def _escaped(folder: Path) -> str:
    """A percent sign would start an interpolation in the configuration."""
    return str(folder).replace("%", "%%")
