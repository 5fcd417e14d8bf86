"""Waiting for what happens elsewhere in the same process."""

import asyncio
from collections.abc import Awaitable, Callable

TIMEOUT = 10.0


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = TIMEOUT) -> None:
    """Returns when `check` returns true; raises TimeoutError after so many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            if await check():
                return
            await asyncio.sleep(0.02)
