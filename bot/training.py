"""Trains candidates for releases: an adapter for the language model, or a map of questions for the retriever.

Every training is a run in DATA_DIR, named after what it learns from, so that an interrupted one is resumed. Needs the
extra `finetune`.
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
"""The kind of examples that a task is learnt from."""
Report = Callable[[int, int], None]
"""Called with the number of finished steps and of all steps."""


@dataclass(frozen=True, slots=True)
class LanguageTraining:
    """Trains the model called `base`, starting from the live adapter if that was trained on the same model.

    parent: the id of a release, `base` or `shipped`, to start from instead.
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
                f"{self.base} runs elsewhere and cannot be trained here. Set ENGINE and GENERATOR."
            )
        name, parent = await self._parent(live)
        record = self._record(dataset, name)
        run = Run.begin(self.settings.runs / run_name("language", record), record)
        if not run.finished:
            await run_stoppable(lambda alive: self._train(run, path, dataset, parent, alive))
        return Candidate(
            run.artifact, self._learnt_tasks(dataset), self.base, None if name in BUILT_IN_RELEASES else name
        )

    def _learnt_tasks(self, dataset: Dataset) -> tuple[str, ...]:
        """The tasks that the dataset has examples of; the model may have unlearnt the others."""
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
        # The training libraries use deprecated names of each other; an operator cannot do anything about it.
        warnings.filterwarnings("ignore", category=FutureWarning)
        disable_progress_bar()
        disable_progress_bars()
        callbacks = [ProgressCallback(_both(self.report, alive))]
        train_language_model(
            run, base, dataset, self.choice, self.objective, self.options, parent=parent, callbacks=callbacks
        )

    async def _parent(self, live: ActiveModels) -> tuple[str, Path | None]:
        """The parent's name and adapter; by default those that are live. Raises SettingsError, UnknownRelease."""
        name = live.names.get(self.choice.tasks[-1], SHIPPED_RELEASE) if self.parent is None else self.parent
        if adapter := await self._adapter(name):
            return name, adapter
        if self.parent not in (None, BASE_RELEASE):
            raise SettingsError(
                f"{self.parent} was not trained on {self.base}, so training cannot continue from it. Give a --parent "
                "trained on this model (`groundtalk releases list`), the parent's model as --base, or --parent base."
            )
        return BASE_RELEASE, None

    async def _adapter(self, name: str) -> Path | None:
        """None if `name` was not trained on this model; the shipped adapter need only have learnt one of the tasks."""
        if name == SHIPPED_RELEASE:
            return shipped_adapter(self.base, *self.choice.tasks)
        if name == BASE_RELEASE or (await self.releases.get(name)).base != self.base:
            return None
        return await self.releases.fetch(name, self.settings.data_dir / FETCHED / name)


@dataclass(frozen=True, slots=True)
class RetrieverTraining:
    """Trains the map of questions from scratch on everything that was cited; it takes seconds."""

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
    """Nobody is waiting for the work any more."""


async def run_stoppable(work: Callable[[Report], object]) -> None:
    """Runs `work` in a thread. When this is cancelled, the function passed to `work` raises Stopped, which ends it."""
    stopped = Event()

    def alive(done: int, total: int) -> None:
        if stopped.is_set():
            raise Stopped

    try:
        await asyncio.to_thread(work, alive)
    finally:
        stopped.set()
