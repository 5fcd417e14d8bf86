"""Releases by name, to be measured as they would be if they were live. Knows names; what loads them is the staff."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.hub import Hub
from bot.metrics import EngineWatch, Metrics
from bot.settings import Settings
from bot.staff import Staff, staff_of
from bot.voice import load_voice
from bot.weights import Weights
from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter
from finetune.release import WITHOUT_FILES, Lineup
from finetune.releases import Releases
from retrieval.encoder import Encoder

LIVE = "live"


@dataclass(frozen=True, slots=True)
class LineupSystem:
    """What would answer under a lineup."""

    settings: Settings
    weights: Weights
    staff: Staff
    lineup: Lineup

    @property
    def name(self) -> str:
        return self.staff.name(self.lineup)

    @asynccontextmanager
    async def rewriter(self) -> AsyncIterator[Rewriter]:
        async with self.staff.rewriter(self.lineup) as (_, rewriter):
            yield rewriter

    @asynccontextmanager
    async def grounder(self) -> AsyncIterator[Grounder]:
        async with self.staff.grounder(self.lineup) as (_, grounder):
            yield grounder

    async def encoder(self) -> Encoder:
        return await self.staff.encoder(self.lineup)

    async def size(self, task: str) -> int | None:
        if not self.settings.runs_here:
            return None
        model = await self.staff.model(self.lineup, task)
        weights = await asyncio.to_thread(self.weights.locate, model.weights)
        return sum(map(_bytes, filter(None, (weights, model.adapter)))) or None


class Systems:
    """What loads models for measuring; a bot that serves has its own."""

    def __init__(self, settings: Settings, releases: Releases) -> None:
        self._settings = settings
        self._releases = releases
        self._weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
        voice, watch = load_voice(settings.voice_file), EngineWatch(Metrics())
        self.staff = staff_of(settings, voice, releases, self._weights, watch)

    def under(self, lineup: Lineup) -> LineupSystem:
        return LineupSystem(self._settings, self._weights, self.staff, lineup)

    async def named(self, name: str) -> LineupSystem:
        """See `lineup_of`."""
        return self.under(await lineup_of(name, self._releases))


def _bytes(place: Path) -> int:
    """Of a file, or of all files in a folder."""
    files = [place] if place.is_file() else place.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


async def lineup_of(name: str, releases: Releases) -> Lineup:
    """The live lineup (`live`), or what it would be if a release, `base` or `shipped` took over its tasks.

    Raises UnknownRelease, StoreUnavailable.
    """
    live = await releases.live()
    if name == LIVE:
        return live
    tasks = WITHOUT_FILES.get(name) or (await releases.get(name)).tasks
    return Lineup(live.given_to(name, tasks), live.number)
