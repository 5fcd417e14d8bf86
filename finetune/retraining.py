"""The cycle of learning: a dataset from the log, a candidate, its comparison, the gate, and what comes of it.

Only the order of the steps, and how a cycle that was killed goes on. Knows no models and no files but its own note; it
is given what builds, trains and compares. A step that fails leaves the live release as it is.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from dialogue.errors import DialogueError
from finetune.datasets.dataset import Dataset, find_dataset
from finetune.datasets.splitting import TRAIN
from finetune.errors import DatasetError, EmptyDataset, FinetuneError, StepFailed
from finetune.evaluation.comparison import Comparison
from finetune.evaluation.scores import rows_of
from finetune.gate import Decision, decide
from finetune.release import Lineup, Release
from finetune.releases import Releases
from retrieval.errors import RetrievalError

ATTEMPTS = 3
"""So often a cycle that was interrupted goes on with its dataset, before it begins anew with the log of the day."""


class Verdict(StrEnum):
    SKIPPED = "skipped"
    PROMOTED = "promoted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cycle came to. `release` is the candidate, also where it was rejected."""

    verdict: Verdict
    reasons: tuple[str, ...]
    release: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a training left in `folder`: what it does, on which weights, and the live release that it started from."""

    folder: Path
    tasks: tuple[str, ...]
    base: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """The candidate beside the systems called `live` and `base`, on sets of examples.

    decisive: the log's own and those that an operator checked, each as a whole; others: parts of them, and what was
    imported beside the log.
    """

    decisive: Sequence[Comparison]
    others: Sequence[Comparison]
    live: str
    base: str


@dataclass(frozen=True, slots=True)
class Steps:
    """What does the work. `train` goes on where it was interrupted when it is called again with the same dataset.

    show: is given what was decided, to lay it before people.
    """

    build: Callable[[], Awaitable[Dataset]]
    train: Callable[[Dataset, Lineup], Awaitable[Candidate]]
    compare: Callable[[Release, Dataset, Lineup], Awaitable[Trial]]
    show: Callable[[Release, Trial, Decision], None]


Say = Callable[[str], None]
"""Told what begins."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """kinds: of the examples that candidates for `tasks` learn from. minimum: so many new ones make it worth while.

    folders: of the datasets, and of the note that a cycle leaves while it is under way.
    """

    tasks: tuple[str, ...]
    kinds: tuple[str, ...]
    minimum: int
    datasets: Path
    note: "Note"
    releases: Releases
    steps: Steps
    say: Say

    async def run(self) -> Outcome:
        """Once. Raises StepFailed, which says what failed and what to do."""
        try:
            dataset = await self._dataset()
        except EmptyDataset as error:
            return Outcome(Verdict.SKIPPED, (str(error),))
        if reason := await self._too_little(dataset):
            self.note.remove()
            return Outcome(Verdict.SKIPPED, (reason,))
        self.note.write(dataset.id)
        outcome = await self._judged(await self._candidate(dataset), dataset)
        self.note.remove()
        return outcome

    async def _dataset(self) -> Dataset:
        """The one that an interrupted cycle learnt from, or one of the log as it is now."""
        if dataset := self.note.dataset(self.datasets):
            self.say(f"Going on with dataset {dataset.id}")
            return dataset
        with _step("building the dataset"):
            self.say("Building a dataset from the log")
            return await self.steps.build()

    async def _too_little(self, dataset: Dataset) -> str | None:
        """Why it is not worth while to learn from it; None if it is."""
        former = await self._former()
        if former == dataset.id:
            return f"Dataset {former} was learnt from already, and nothing was said since."
        new = count_new(dataset, self._opened(former), self.kinds)
        if new >= self.minimum:
            return None
        return f"{new} examples are new, and {self.minimum} are wanted. Wait, or give a smaller --minimum."

    async def _former(self) -> str | None:
        """The dataset of the last candidate for these tasks that came to the gate."""
        judged = (r for r in await self.releases.list() if r.decision and set(r.tasks) & set(self.tasks))
        return next((release.dataset for release in judged), None)

    def _opened(self, dataset: str | None) -> Dataset | None:
        """None where there was none, or it lies on another machine."""
        try:
            return find_dataset(self.datasets, dataset) if dataset else None
        except DatasetError:
            return None

    async def _candidate(self, dataset: Dataset) -> Release:
        with _step("training"):
            self.say(f"Training on dataset {dataset.id}")
            made = await self.steps.train(dataset, await self.releases.live())
            dataset.check_current()
            return await self.releases.add(
                made.folder, tasks=made.tasks, base=made.base, parent=made.parent, dataset=dataset.id
            )

    async def _judged(self, release: Release, dataset: Dataset) -> Outcome:
        with _step("evaluating"):
            self.say(f"Comparing {release.id} with the live release")
            live = await self.releases.live()
            trial = await self.steps.compare(release, dataset, live)
            decision = decide(trial.decisive, trial.others, trial.live, trial.base, release.tasks)
            self.steps.show(release, trial, decision)
        with _step("promoting" if decision.promote else "rejecting"):
            dataset.check_current()
            reason = decision.reasons[0] if decision.promote else None
            await self.releases.judge(release.id, record_of(decision, trial), live, reason)
        verdict = Verdict.PROMOTED if decision.promote else Verdict.REJECTED
        return Outcome(verdict, decision.reasons, release.id)


def count_new(dataset: Dataset, former: Dataset | None, kinds: Sequence[str]) -> int:
    """How many examples to train on `former` does not hold, or holds in other words."""
    return sum(len(_lines(dataset, kind) - _lines(former, kind)) for kind in kinds)


def _lines(dataset: Dataset | None, kind: str) -> frozenset[bytes]:
    path = dataset.path(kind, TRAIN) if dataset else None
    return frozenset(path.read_bytes().splitlines()) if path else frozenset()


def record_of(decision: Decision, trial: Trial) -> dict[str, Any]:
    """What is kept with the release."""
    comparisons = [*trial.decisive, *trial.others]
    return {
        "verdict": "promote" if decision.promote else "reject",
        "reasons": list(decision.reasons),
        "rows": [dict(row) for c in comparisons for row in rows_of(c.results)],
        "gains": [dict(row) for c in comparisons for row in c.gain_rows()],
    }


@contextmanager
def _step(name: str) -> Iterator[None]:
    """What a person can do something about is said with the step that it stopped; nothing to learn from passes."""
    try:
        yield
    except EmptyDataset:
        raise
    except (FinetuneError, DialogueError, RetrievalError, OSError) as error:
        raise StepFailed(name, error) from error


@dataclass(frozen=True, slots=True)
class Note:
    """A file that names the dataset of a cycle under way, so that the next one goes on after a kill."""

    path: Path

    def dataset(self, folder: Path) -> Dataset | None:
        """The dataset noted; None if there is no note, it was tried too often, or its dataset is gone."""
        name, attempts = self._read()
        if not name or attempts >= ATTEMPTS:
            return None
        try:
            return find_dataset(folder, name)
        except DatasetError:
            return None

    def write(self, dataset: str) -> None:
        """Counts one more attempt with the dataset."""
        name, attempts = self._read()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        attempts = attempts + 1 if name == dataset else 1
        half = self.path.with_suffix(".partial")
        half.write_text(json.dumps({"dataset": dataset, "attempts": attempts}), encoding="utf-8")
        half.replace(self.path)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def _read(self) -> tuple[str, int]:
        try:
            noted = json.loads(self.path.read_text(encoding="utf-8"))
            return str(noted["dataset"]), int(noted["attempts"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return "", 0
