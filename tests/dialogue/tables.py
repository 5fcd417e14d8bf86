"""The tables as an operator would read them, past the store."""

from typing import Any

from sqlalchemy import select

from dialogue import schema
from dialogue.database import Database


async def rows(url: str, table: str) -> list[dict[str, Any]]:
    """All rows of a table."""
    database = Database(url)
    async with database.reading() as connection:
        found = await connection.execute(select(schema.metadata.tables[table]))
        read = [dict(row) for row in found.mappings()]
    await database.close()
    return read
