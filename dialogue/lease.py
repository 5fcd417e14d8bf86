"""Holds a conversation while a block runs: claimed before it, renewed during it, released after it (I3).

Knows claims and nothing of what is done under them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from dialogue.claims import Claims
from dialogue.conversation import Claim
from dialogue.errors import StoreUnavailable

log = structlog.get_logger(__name__)


@asynccontextmanager
async def held(claims: Claims, conversation: str, owner: str, seconds: float) -> AsyncIterator[Claim | None]:
    """The claim, which lives until the block ends; None where another worker holds the conversation.

    A claim that is lost cuts the block short, whatever it waits for, and raises ClaimLost. Raises StoreUnavailable.
    """
    claim = await claims.claim(conversation, owner, seconds)
    if claim is None:
        yield None
        return
    try:
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(_renew(claims, claim, seconds))
            yield claim
            renewing.cancel()
    except ExceptionGroup as ended:
        raise ended.exceptions[0] from None
    finally:
        await claims.release(claim)


async def _renew(claims: Claims, claim: Claim, seconds: float) -> None:
    """Until cancelled. A database that is away for less than a lease does no harm."""
    while True:
        await asyncio.sleep(seconds / 3)
        try:
            await claims.renew(claim, seconds)
        except StoreUnavailable as error:
            log.warning("claim_not_renewed", conversation=claim.conversation, reason=str(error))
