"""Measures releases on evaluation sets: each is loaded, asked everything, and unloaded before the next one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.metrics import EngineMonitor, Metrics
from bot.models.download import Hub
from bot.models.loader import ModelLoader, model_loader
from bot.models.weights import Weights
from bot.settings import Settings
from bot.voice import load_voice
from dialogue.grounding import Grounder
from dialogue.rewriting import Rewriter
from finetune.datasets.dataset import Dataset
from finetune.evaluation.answers import answerer, evaluate_answers
from finetune.evaluation.concurrency import RowProgress
from finetune.evaluation.results import EvaluationResult, compare
from finetune.evaluation.retrieval import evaluate_retrieval, search_rewriter
from finetune.evaluation.rewriting import AS_ASKED, evaluate_rewriting, example_rewriter
from finetune.evaluation.sets import EvaluationSets, frozen_sets, held_out_sets
from finetune.release import BASE_RELEASE, BUILT_IN_RELEASES, ActiveModels, Release
from finetune.releases import Releases
from finetune.retraining import Comparisons
from retrieval.encoders.loading import Encoder

Bar = Callable[[str, int], AbstractContextManager[RowProgress]]
"""Shows the progress of something with a name and a number of rows."""


class EvaluationTarget(Protocol):
    """A release or a base model that can be asked. Models are in memory while their context manager is open."""

    @property
    def name(self) -> str: ...

    def rewriter(self) -> AbstractAsyncContextManager[Rewriter]: ...

    def grounder(self) -> AbstractAsyncContextManager[Grounder]: ...

    async def encoder(self) -> Encoder: ...

    async def size(self, task: str) -> int | None:
        """Bytes of the model that does the task, with its adapter; None if it runs elsewhere."""


async def measure(
    system: EvaluationTarget, sets: EvaluationSets, cache: Path, bar: Bar
) -> list[EvaluationResult]:
    """The results of `system` on `sets`. cache: where vectors of corpora are kept. Raises the packages' errors."""
    async with AsyncExitStack() as loaded:
        language = [
            *await _measure_rewriting(system, sets, bar, loaded),
            *await _measure_answers(system, sets, bar, loaded),
        ]
        sizes = {task: await system.size(task) for task in {result.task for result in language}}
        sized = [r if r.system == AS_ASKED else r.with_whole(bytes=sizes[r.task]) for r in language]
        return [*sized, *await _measure_retrieval(system, sets, cache, bar, loaded)]


async def _measure_rewriting(
    system: EvaluationTarget, sets: EvaluationSets, bar: Bar, loaded: AsyncExitStack
) -> list[EvaluationResult]:
    results: list[EvaluationResult] = []
    for name, examples in sets.rewriting.items():
        rewrite = example_rewriter(await loaded.enter_async_context(system.rewriter()))
        with bar(f"{system.name}: {name}", len(examples)) as progress:
            results += await evaluate_rewriting(
                rewrite, examples, name=name, system=system.name, progress=progress
            )
    return results


async def _measure_answers(
    system: EvaluationTarget, sets: EvaluationSets, bar: Bar, loaded: AsyncExitStack
) -> list[EvaluationResult]:
    results: list[EvaluationResult] = []
    for name, examples in sets.answers.items():
        rewriter = await loaded.enter_async_context(system.rewriter())
        respond = answerer(rewriter, await loaded.enter_async_context(system.grounder()))
        with bar(f"{system.name}: {name}", len(examples)) as progress:
            results += await evaluate_answers(
                respond, examples, name=name, system=system.name, progress=progress
            )
    return results


async def _measure_retrieval(
    system: EvaluationTarget, sets: EvaluationSets, cache: Path, bar: Bar, loaded: AsyncExitStack
) -> list[EvaluationResult]:
    results: list[EvaluationResult] = []
    for searches in sets.retrieval:
        encoder, rewrite = await system.encoder(), None
        if sets.rewrites:
            rewrite = search_rewriter(await loaded.enter_async_context(system.rewriter()))
        with bar(f"{system.name}: {searches.name}", len(searches.questions)) as progress:
            results += await evaluate_retrieval(
                searches, encoder, cache, system=system.name, rewrite=rewrite, progress=progress
            )
    return results


LIVE = "live"


@dataclass(frozen=True, slots=True)
class ReleaseTarget:
    """The models that would answer if `active` were live."""

    settings: Settings
    weights: Weights
    loader: ModelLoader
    active: ActiveModels

    @property
    def name(self) -> str:
        return self.loader.name(self.active)

    @asynccontextmanager
    async def rewriter(self) -> AsyncIterator[Rewriter]:
        async with self.loader.rewriter(self.active) as (_, rewriter):
            yield rewriter

    @asynccontextmanager
    async def grounder(self) -> AsyncIterator[Grounder]:
        async with self.loader.grounder(self.active) as (_, grounder):
            yield grounder

    async def encoder(self) -> Encoder:
        return await self.loader.encoder(self.active)

    async def size(self, task: str) -> int | None:
        if not self.settings.runs_here:
            return None
        model = await self.loader.model(self.active, task)
        weights = await asyncio.to_thread(self.weights.locate, model.weights)
        return sum(map(_bytes, filter(None, (weights, model.adapter)))) or None


class EvaluationTargets:
    """Loads models to measure them, apart from those of a running bot."""

    def __init__(self, settings: Settings, releases: Releases) -> None:
        self._settings = settings
        self._releases = releases
        self._weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
        voice, watch = load_voice(settings.voice_file), EngineMonitor(Metrics())
        self.loader = model_loader(settings, voice, releases, self._weights, watch)

    def under(self, active: ActiveModels) -> ReleaseTarget:
        return ReleaseTarget(self._settings, self._weights, self.loader, active)

    async def named(self, name: str) -> ReleaseTarget:
        """See `active_models_for`."""
        return self.under(await active_models_for(name, self._releases))


def _bytes(place: Path) -> int:
    """The size of a file, or of all files in a folder."""
    files = [place] if place.is_file() else place.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


async def active_models_for(name: str, releases: Releases) -> ActiveModels:
    """The live models (`live`), or what they would be if a release, `base` or `shipped` took over its tasks.

    Raises UnknownRelease, StoreUnavailable.
    """
    live = await releases.live()
    if name == LIVE:
        return live
    tasks = BUILT_IN_RELEASES.get(name) or (await releases.get(name)).tasks
    return ActiveModels(live.given_to(name, tasks), live.number)


@dataclass(frozen=True, slots=True)
class CandidateEvaluation:
    """frozen: files and folders that an operator checked; every candidate is measured on them.

    limit: at most this many rows of each set. cache: where vectors of corpora are kept.
    """

    systems: EvaluationTargets
    frozen: Sequence[Path]
    limit: int
    cache: Path
    bar: Bar

    async def compare(self, release: Release, dataset: Dataset, live: ActiveModels) -> Comparisons:
        """Measures one system after the other. Raises the packages' errors."""
        actives = (
            live.given_to(release.id, release.tasks),
            live.names,
            live.given_to(BASE_RELEASE, release.tasks),
        )
        ours, theirs, base = (self.systems.under(ActiveModels(names)) for names in actives)
        systems = {system.name: system for system in (ours, theirs, base)}.values()
        logged, imported = (self._tested(release, dataset, logged=logged) for logged in (True, False))
        decisive = logged | frozen_sets(self.frozen, release.tasks, self.limit)
        sets = decisive | imported
        results = [r for system in systems for r in await measure(system, sets, self.cache, self.bar)]
        comparisons = compare(results, ours.name)
        return Comparisons(
            decisive=[c for c in comparisons if c.candidate.set in decisive.names],
            others=[c for c in comparisons if c.candidate.set not in decisive.names],
            live=theirs.name,
            base=base.name,
        )

    def _tested(self, release: Release, dataset: Dataset, *, logged: bool) -> EvaluationSets:
        return held_out_sets(dataset, release.tasks, self.limit, logged=logged)
