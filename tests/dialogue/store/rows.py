"""Reads whole tables, bypassing the store."""

from typing import Any

from sqlalchemy import select

from dialogue.store import schema
from dialogue.store.database import Database


async def rows(url: str, table: str) -> list[dict[str, Any]]:
    """All rows of a table."""
    database = Database(url)
    whole = select(schema.metadata.tables[table])
    found = await database.read(lambda c: c.execute(whole).mappings().all())
    await database.close()
    return [dict(row) for row in found]
