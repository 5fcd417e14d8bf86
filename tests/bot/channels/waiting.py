"""Waiting for what happens elsewhere in the same process."""

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE = 10.0


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    """Returns when `check` says yes; raises TimeoutError after PATIENCE seconds."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await check():
                return
            await asyncio.sleep(0.02)
