"""What every test of the dialogue has to keep to."""

import asyncio
from collections.abc import AsyncIterator

import pytest


@pytest.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    """Looks when all processes of the test have closed: while one does, another may still be at work."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before
    assert left <= {asyncio.current_task()}
