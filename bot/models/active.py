"""Keeps a process at the live active models: sees a promotion in the database, whoever made it, and changes the team.

The new team is loaded aside while the former one answers, takes over between two attempts, and the former is closed
after its last turn. One that cannot be loaded changes nothing. Knows no weights.
"""

import asyncio
from time import monotonic

import structlog

from bot.errors import explain
from bot.models.loader import LoadedModels, ModelLoader
from dialogue.errors import StoreUnavailable
from dialogue.responder import ResponderSlot
from dialogue.store.turns import Turns
from finetune.release import ActiveModels
from finetune.releases import Releases

log = structlog.get_logger(__name__)

POLL = 1.0
"""Seconds between looks at the newest promotion: one row, read by its key."""
RETRY_AFTER = 60.0
"""Seconds before a active models that could not be loaded is tried again: the disk or the memory may have been full."""


class PromotionWatcher:
    """One a process, while `run` runs."""

    def __init__(self, releases: Releases, loader: ModelLoader, turns: Turns, models: LoadedModels) -> None:
        self._releases = releases
        self._loader = loader
        self._turns = turns
        self._tried_at = -RETRY_AFTER
        self.slot = ResponderSlot(models.responder)
        self.models = models
        """The one on duty."""
        self.newest = models.active.number
        """The number of the newest promotion."""
        self.trouble = ""
        """Why that one is not on duty; empty where it is."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except StoreUnavailable as error:
                log.warning("promotion_not_seen", reason=str(error))
            await asyncio.sleep(POLL)

    async def look(self) -> None:
        """Changes the team if another active models went live. Raises StoreUnavailable."""
        live = await self._releases.live()
        fresh = live.number != self.newest
        self.newest = live.number
        if live.number == self.models.active.number:
            self.trouble = ""
        elif fresh or monotonic() - self._tried_at >= RETRY_AFTER:
            self._tried_at = monotonic()
            await self._change(live)

    async def _change(self, active: ActiveModels) -> None:
        try:
            models = await self._loaded(active)
        except Exception as error:
            self.trouble = explain(error)
            log.exception("models_not_loaded", promotion=active.number, stays=self.models.name)
            return
        former, self.models, self.trouble = self.models, models, ""
        log.info("models_changed", promotion=active.number, release=models.name, reason=active.reason)
        try:
            await self.slot.swap(models.responder)
        finally:
            await former.close()

    async def _loaded(self, active: ActiveModels) -> LoadedModels:
        """The team, proved; nothing of it stays in memory where that fails."""
        models = await self._loader.load(active, self._turns)
        try:
            await models.prove()
        except BaseException:
            await models.close()
            raise
        return models


async def load_active_models(releases: Releases, loader: ModelLoader, turns: Turns) -> LoadedModels:
    """The team of the live active models; the default one where that cannot be loaded, for somebody has to answer.

    Raises what loading the default active models raises.
    """
    live = await releases.live()
    try:
        return await loader.load(live, turns)
    except Exception:
        if not live.names:
            raise
        log.exception("models_not_loaded", promotion=live.number, stays="the default")
        return await loader.load(ActiveModels(), turns)
