"""Keeps the models of a process at what is live: sees a promotion in the database and swaps the models.

The new models are loaded while the former ones answer, take over between two attempts, and the former ones are closed
after their last turn. If the new ones cannot be loaded, nothing changes.
"""

import asyncio
from time import monotonic

import structlog

from bot.errors import explain
from bot.models.loader import FIRST_WORD_TIMEOUT, LoadedModels, ModelLoader
from dialogue.errors import EngineError, StoreUnavailable
from dialogue.responder import ResponderSlot
from dialogue.store.turns import Turns
from finetune.release import ActiveModels
from finetune.releases import Releases

log = structlog.get_logger(__name__)


class PromotionWatcher:
    """Holds the models that answer, and replaces them after a promotion while `run` runs. One for each process."""

    def __init__(
        self,
        releases: Releases,
        loader: ModelLoader,
        turns: Turns,
        models: LoadedModels,
        *,
        poll: float = 1.0,
        retry_after: float = 60.0,
        first_word_timeout: float = FIRST_WORD_TIMEOUT,
    ) -> None:
        """poll: seconds between two queries for the newest promotion, each of one row by its key.

        retry_after: seconds until models that could not be loaded are tried again; the disk or the memory may have
        been full. first_word_timeout: seconds that a new engine may take for its first word.
        """
        self._releases = releases
        self._loader = loader
        self._turns = turns
        self.poll = poll
        self.retry_after = retry_after
        self.first_word_timeout = first_word_timeout
        self._tried_at = float("-inf")
        self.slot = ResponderSlot(models.responder)
        self.models = models
        """Those that answer now."""
        self.newest = models.active.number
        """The number of the newest promotion."""
        self.trouble = ""
        """Why that one is not active; empty if it is."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
                await self.models.read_ahead()
            except StoreUnavailable as error:
                log.warning("promotion_not_seen", reason=str(error))
            except EngineError as error:
                log.warning("prompt_not_read_ahead", reason=str(error))
            await asyncio.sleep(self.poll)

    async def look(self) -> None:
        """Replaces the models if others went live. Raises StoreUnavailable."""
        live = await self._releases.live()
        fresh = live.number != self.newest
        self.newest = live.number
        if live.number == self.models.active.number:
            self.trouble = ""
        elif fresh or monotonic() - self._tried_at >= self.retry_after:
            self._tried_at = monotonic()
            await self._change(live)

    async def _change(self, active: ActiveModels) -> None:
        try:
            models = await load_warm(self._loader, active, self._turns, self.first_word_timeout)
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


async def load_active_models(releases: Releases, loader: ModelLoader, turns: Turns) -> LoadedModels:
    """The live models, or the default ones if those cannot be loaded: something has to answer.

    Raises what loading the default models raises.
    """
    live = await releases.live()
    try:
        return await load_warm(loader, live, turns)
    except Exception:
        if not live.names:
            raise
        log.exception("models_not_loaded", promotion=live.number, stays="the default")
        return await load_warm(loader, ActiveModels(), turns)


async def load_warm(
    loader: ModelLoader, active: ActiveModels, turns: Turns, seconds: float = FIRST_WORD_TIMEOUT
) -> LoadedModels:
    """The models, warmed up; nothing stays in memory if that fails. seconds: for the first word of each prompt."""
    models = await loader.load(active, turns)
    try:
        await models.warm_up(seconds)
    except BaseException:
        await models.close()
        raise
    return models
