"""Trains what a cycle asks for: an adapter for the text engine, or a map of questions for the retriever.

Every training is a run in DATA_DIR, named by what it learns from, so that one that was interrupted goes on. Knows where
weights and datasets are; how they are trained is up to `finetune.training`. Needs the extra `finetune`.
"""

import asyncio
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from datasets import disable_progress_bars
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.utils.logging import disable_progress_bar

from bot.errors import SettingsError
from bot.models.engines import shipped_adapter
from bot.models.loader import FETCHED, ModelLoader
from bot.models.weights import Weights
from bot.settings import Settings
from finetune.datasets.dataset import TRAIN, VALIDATION, Dataset
from finetune.release import BASE_RELEASE, BUILT_IN_RELEASES, SHIPPED_RELEASE, ActiveModels
from finetune.releases import Releases
from finetune.retraining import Candidate
from finetune.training.language_model import train_language_model
from finetune.training.options import MapOptions, TrainingObjective, TrainingOptions
from finetune.training.retriever.data import read_retriever_data, split_data
from finetune.training.retriever.query_map import train_query_map
from finetune.training.run import Run, run_name
from finetune.training.sft_data import DataMixture

EXAMPLE_KINDS = {"rewrite": "rewriting", "answer": "grounding"}
"""The kind of examples that teaches a task."""
Report = Callable[[int, int], None]
"""Told how many of how many steps are done."""


@dataclass(frozen=True, slots=True)
class LanguageTraining:
    """Teaches the weights called `base`, going on from the adapter that is live, where it was trained on the same.

    parent: a release's id, `base` or `shipped`, to go on from in its place.
    """

    settings: Settings
    weights: Weights
    releases: Releases
    base: str
    choice: DataMixture
    objective: TrainingObjective
    options: TrainingOptions
    report: Report
    parent: str | None = None

    async def train(self, dataset: Dataset, live: ActiveModels) -> Candidate:
        """The artifact of the run for this dataset and parent. Raises FinetuneError, WeightsError, SettingsError."""
        path = await asyncio.to_thread(self.weights.locate, self.base) if self.settings.runs_here else None
        if path is None:
            raise SettingsError(
                f"{self.base} runs elsewhere and cannot be trained here: set ENGINE and GENERATOR."
            )
        name, parent = await self._parent(live)
        record = self._record(dataset, name)
        run = Run.begin(self.settings.runs / run_name("language", record), record)
        if not run.finished:
            await run_stoppable(lambda alive: self._train(run, path, dataset, parent, alive))
        return Candidate(
            run.artifact, self._learnt(dataset), self.base, None if name in BUILT_IN_RELEASES else name
        )

    def _learnt(self, dataset: Dataset) -> tuple[str, ...]:
        """The tasks that the dataset has lessons of: one that was not taught may have been unlearnt."""
        if self.objective is not TrainingObjective.SUPERVISED:
            return self.choice.tasks
        return tuple(task for task in self.choice.tasks if dataset.path(EXAMPLE_KINDS[task], TRAIN))

    def _record(self, dataset: Dataset, parent: str) -> dict[str, Any]:
        return {
            "base": self.base,
            "parent": parent,
            "dataset": dataset.id,
            "choice": self.choice.record(),
            "objective": self.objective.value,
            "options": self.options.record(),
        }

    def _train(self, run: Run, base: Path, dataset: Dataset, parent: Path | None, alive: Report) -> None:
        # Trainers call each other's old names: nothing that an operator could mend.
        warnings.filterwarnings("ignore", category=FutureWarning)
        disable_progress_bar()
        disable_progress_bars()
        told = [ProgressCallback(_both(self.report, alive))]
        train_language_model(
            run, base, dataset, self.choice, self.objective, self.options, parent=parent, callbacks=told
        )

    async def _parent(self, live: ActiveModels) -> tuple[str, Path | None]:
        """What was asked for, or does the last task now, and its adapter. Raises SettingsError, UnknownRelease."""
        name = live.names.get(self.choice.tasks[-1], SHIPPED_RELEASE) if self.parent is None else self.parent
        if adapter := await self._adapter(name):
            return name, adapter
        if self.parent not in (None, BASE_RELEASE):
            raise SettingsError(
                f"{self.parent} has learnt nothing on {self.base}, so that nothing can go on from it. Give a --parent "
                "on these weights (`groundtalk releases list`), its weights as --base, or --parent base."
            )
        return BASE_RELEASE, None

    async def _adapter(self, name: str) -> Path | None:
        """None if `name` has learnt nothing on these weights; what ships need only have learnt one of the tasks."""
        if name == SHIPPED_RELEASE:
            return shipped_adapter(self.base, *self.choice.tasks)
        if name == BASE_RELEASE or (await self.releases.get(name)).base != self.base:
            return None
        return await self.releases.fetch(name, self.settings.data_dir / FETCHED / name)


@dataclass(frozen=True, slots=True)
class RetrieverTraining:
    """Learns the map of questions anew from all that was cited; seconds, so it starts from nothing."""

    settings: Settings
    loader: ModelLoader
    options: MapOptions
    report: Report

    async def train(self, dataset: Dataset, live: ActiveModels) -> Candidate:
        """The artifact of the run for this dataset. Raises FinetuneError, RetrievalError."""
        encoder = await self.loader.encoder(ActiveModels())
        base = self.settings.encoder
        record = {"base": base, "dataset": dataset.id, "options": self.options.record()}
        run = Run.begin(self.settings.runs / f"retriever-{dataset.id}", record)
        paths = [path for split in (TRAIN, VALIDATION) if (path := dataset.path("retrieval", split))]
        if not run.finished:
            cache = self.settings.data_dir / "evaluation" / "searches"
            known, unknown = split_data(await asyncio.to_thread(read_retriever_data, paths))
            await run_stoppable(
                lambda alive: train_query_map(
                    run, encoder, known, unknown, self.options, cache, _both(self.report, alive)
                )
            )
        return Candidate(run.artifact, ("retrieve",), base)


def _both(first: Report, second: Report) -> Report:
    def report(done: int, total: int) -> None:
        first(done, total)
        second(done, total)

    return report


class ProgressCallback(TrainerCallback):
    """Reports every step of a trainer of transformers."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        self._report(state.global_step, state.max_steps)


class Stopped(Exception):
    """Nobody waits for the work any more."""


async def run_stoppable(work: Callable[[Report], object]) -> None:
    """Does `work` in a thread; when this is cancelled, the report that it was given raises Stopped, and so ends it."""
    stopped = Event()

    def alive(done: int, total: int) -> None:
        if stopped.is_set():
            raise Stopped

    try:
        await asyncio.to_thread(work, alive)
    finally:
        stopped.set()
