"""The migrations of finetune's tables, which share a database with the conversations."""

from pathlib import Path

from dialogue.store import migrations
from dialogue.store.migrations import MigrationSet

RELEASES = MigrationSet(Path(__file__).parent / "versions", "alembic_version_finetune")


async def upgrade(url: str) -> str:
    """Create or upgrade the tables of conversations and of releases at `url`, all of them or none.

    Returns the revision of the conversation tables. Raises StoreUnavailable if the database cannot be reached or was
    upgraded by a newer version.
    """
    return await migrations.upgrade(url, RELEASES)
