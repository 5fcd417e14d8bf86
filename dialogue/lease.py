"""Renews a lease, a lock that expires, while a block of code runs.

Knows neither what is leased nor where that is recorded: `dialogue.worker` leases conversations, `finetune.lease` names.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from dialogue.errors import StoreUnavailable

log = structlog.get_logger(__name__)


@asynccontextmanager
async def renewed(renew: Callable[[], Awaitable[None]], seconds: float, **names: str) -> AsyncIterator[None]:
    """Call `renew` three times in every `seconds` until the block ends.

    If it raises, as when the lease was lost, the block is cancelled and that error is raised. StoreUnavailable is only
    logged, with `names`: the lease survives a database outage that is shorter than itself.
    """
    try:
        async with asyncio.TaskGroup() as group:
            renewals = group.create_task(_renew_forever(renew, seconds / 3, names))
            yield
            renewals.cancel()
    except ExceptionGroup as group_error:
        raise group_error.exceptions[0] from None


async def completed(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` to its end even if this task is cancelled meanwhile; a release cut short would leave the lease."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _renew_forever(
    renew: Callable[[], Awaitable[None]], interval: float, names: dict[str, str]
) -> None:
    while True:
        await asyncio.sleep(interval)
        try:
            await renew()
        except StoreUnavailable as error:
            log.warning("lease_not_renewed", **names, reason=str(error))
