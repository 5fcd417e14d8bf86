"""Every test of the dialogue package has to end the tasks that it starts."""

import asyncio
from collections.abc import AsyncIterator

import pytest


@pytest.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    """Checks after all bots of the test have closed, because a bot may still work while another closes."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before
    assert left <= {asyncio.current_task()}
