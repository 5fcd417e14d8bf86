"""Keeps a process at the live lineup: sees a promotion in the database, whoever made it, and changes the team.

The new team is loaded aside while the former one answers, takes over between two attempts, and the former is closed
after its last turn. One that cannot be loaded changes nothing. Knows no weights.
"""

import asyncio
from time import monotonic

import structlog

from bot.models.loader import LoadedModels, ModelLoader
from dialogue.errors import StoreUnavailable
from dialogue.responder import ResponderSlot
from dialogue.store.turns import History
from finetune.release import ActiveModels
from finetune.releases import Releases

log = structlog.get_logger(__name__)

POLL = 1.0
"""Seconds between looks at the newest promotion: one row, read by its key."""
RETRY_AFTER = 60.0
"""Seconds before a lineup that could not be loaded is tried again: the disk or the memory may have been full."""


class PromotionWatcher:
    """One a process, while `run` runs."""

    def __init__(self, releases: Releases, staff: ModelLoader, history: History, team: LoadedModels) -> None:
        self._releases = releases
        self._staff = staff
        self._history = history
        self._tried_at = -RETRY_AFTER
        self.duty = ResponderSlot(team.responder)
        self.team = team
        """The one on duty."""
        self.newest = team.lineup.number
        """The number of the newest promotion."""
        self.trouble = ""
        """Why that one is not on duty; empty where it is."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except StoreUnavailable as error:
                log.warning("lineup_not_seen", reason=str(error))
            await asyncio.sleep(POLL)

    async def look(self) -> None:
        """Changes the team if another lineup went live. Raises StoreUnavailable."""
        live = await self._releases.live()
        fresh = live.number != self.newest
        self.newest = live.number
        if live.number == self.team.lineup.number:
            self.trouble = ""
        elif fresh or monotonic() - self._tried_at >= RETRY_AFTER:
            self._tried_at = monotonic()
            await self._change(live)

    async def _change(self, lineup: ActiveModels) -> None:
        try:
            team = await self._loaded(lineup)
        except Exception as error:
            self.trouble = str(error) or type(error).__name__
            log.exception("lineup_not_loaded", promotion=lineup.number, stays=self.team.name)
            return
        former, self.team, self.trouble = self.team, team, ""
        log.info("lineup_changed", promotion=lineup.number, release=team.name, reason=lineup.reason)
        try:
            await self.duty.relieve(team.responder)
        finally:
            await former.close()

    async def _loaded(self, lineup: ActiveModels) -> LoadedModels:
        """The team, proved; nothing of it stays in memory where that fails."""
        team = await self._staff.load(lineup, self._history)
        try:
            await team.prove()
        except BaseException:
            await team.close()
            raise
        return team


async def load_active_models(releases: Releases, staff: ModelLoader, history: History) -> LoadedModels:
    """The team of the live lineup; the default one where that cannot be loaded, for somebody has to answer.

    Raises what loading the default lineup raises.
    """
    live = await releases.live()
    try:
        return await staff.load(live, history)
    except Exception:
        if not live.names:
            raise
        log.exception("lineup_not_loaded", promotion=live.number, stays="the default")
        return await staff.load(ActiveModels(), history)
