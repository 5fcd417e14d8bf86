"""An open database beside the store of the same test, as a build has it."""

from collections.abc import AsyncIterator

import pytest

from dialogue.store.database import Database


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    opened = Database(store_url)
    yield opened
    await opened.close()
