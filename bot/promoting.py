"""The operators' API for releases: which there are, what is live, promote one, roll back. Knows HTTP and no weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Body

from bot.wiring import Bot
from finetune.release import Lineup, Release
from finetune.releases import Releases

Reason = Annotated[str, Body(embed=True, max_length=1_000)]
BY_API = "by an operator"


@dataclass(frozen=True, slots=True)
class Standing:
    """here: what answers in this process, which is a little behind `live` during a switch; trouble: why it stays so."""

    live: Lineup
    here: str
    trouble: str
    releases: Sequence[Release]


def promoting(bot: Bot) -> APIRouter:
    """The routes, to be put behind the operators' token."""
    router, releases = APIRouter(prefix="/releases"), Releases(bot.store.database)

    @router.get("")
    async def standing() -> Standing:
        """All releases, the newest first, and which of them are live."""
        switch = bot.switch
        return Standing(await releases.live(), switch.team.name, switch.trouble, await releases.list())

    @router.post("/rollback")
    async def rollback(reason: Reason = BY_API) -> Lineup:
        """Make live again what was live before the last promotion."""
        return await releases.rollback(reason)

    @router.post("/{release}/promote")
    async def promote(release: str, reason: Reason = BY_API) -> Lineup:
        """Make a release, or `base` or `shipped`, live for its tasks. Servers take it over within seconds."""
        return await releases.promote(release, reason)

    return router
