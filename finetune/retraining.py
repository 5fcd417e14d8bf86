"""One retraining cycle: build a dataset from the log, train a candidate, compare it, ask the gate, promote or reject.

Holds only the order of the steps and the way an interrupted cycle is resumed; the steps themselves are passed in. A
step that fails leaves the live release as it is.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from dialogue.errors import DialogueError
from finetune.datasets.dataset import TRAIN, Dataset, find_dataset
from finetune.errors import DatasetError, EmptyDataset, FinetuneError, StepFailed
from finetune.evaluation.results import Comparison, result_rows
from finetune.gate import Decision, decide
from finetune.release import ActiveModels, Release
from finetune.releases import Releases
from retrieval.errors import RetrievalError
from retrieval.files import write_atomically

MAX_RESUMES = 3
"""So often a cycle that was interrupted goes on with its dataset, before it begins anew with the log of the day."""


class CycleStatus(StrEnum):
    SKIPPED = "skipped"
    PROMOTED = "promoted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class CycleResult:
    """What a cycle came to. `release` is the candidate, also where it was rejected."""

    verdict: CycleStatus
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
class Comparisons:
    """The candidate beside the systems called `live` and `base`, on sets of examples.

    decisive: the log's own and those that an operator checked, each as a whole; others: parts of them, and what was
    imported beside the log.
    """

    decisive: Sequence[Comparison]
    others: Sequence[Comparison]
    live: str
    base: str


@dataclass(frozen=True, slots=True)
class RetrainingSteps:
    """What does the work. `train` goes on where it was interrupted when it is called again with the same dataset.

    show: is given what was decided, to lay it before people.
    """

    build: Callable[[], Awaitable[Dataset]]
    train: Callable[[Dataset, ActiveModels], Awaitable[Candidate]]
    compare: Callable[[Release, Dataset, ActiveModels], Awaitable[Comparisons]]
    show: Callable[[Release, Comparisons, Decision], None]


Announce = Callable[[str], None]
"""Told what begins."""


@dataclass(frozen=True, slots=True)
class RetrainingCycle:
    """kinds: of the examples that candidates for `tasks` learn from. minimum: so many new ones make it worth while.

    folders: of the datasets, and of the note that a cycle leaves while it is under way.
    """

    tasks: tuple[str, ...]
    kinds: tuple[str, ...]
    minimum: int
    datasets: Path
    note: "PendingDataset"
    releases: Releases
    steps: RetrainingSteps
    say: Announce

    async def run(self) -> CycleResult:
        """Once. Raises StepFailed, which says what failed and what to do."""
        try:
            dataset = await self._dataset()
        except EmptyDataset as error:
            return CycleResult(CycleStatus.SKIPPED, (str(error),))
        if reason := await self._too_little(dataset):
            self.note.remove()
            return CycleResult(CycleStatus.SKIPPED, (reason,))
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

    async def _judged(self, release: Release, dataset: Dataset) -> CycleResult:
        with _step("evaluating"):
            self.say(f"Comparing {release.id} with the live release")
            live = await self.releases.live()
            compared = await self.steps.compare(release, dataset, live)
            decision = decide(compared.decisive, compared.others, compared.live, compared.base, release.tasks)
            self.steps.show(release, compared, decision)
        with _step("promoting" if decision.promote else "rejecting"):
            dataset.check_current()
            reason = decision.reasons[0] if decision.promote else None
            await self.releases.judge(release.id, decision_record(decision, compared), live, reason)
        verdict = CycleStatus.PROMOTED if decision.promote else CycleStatus.REJECTED
        return CycleResult(verdict, decision.reasons, release.id)


def count_new(dataset: Dataset, former: Dataset | None, kinds: Sequence[str]) -> int:
    """How many examples to train on `former` does not hold, or holds in other words."""
    return sum(len(_lines(dataset, kind) - _lines(former, kind)) for kind in kinds)


def _lines(dataset: Dataset | None, kind: str) -> frozenset[bytes]:
    path = dataset.path(kind, TRAIN) if dataset else None
    return frozenset(path.read_bytes().splitlines()) if path else frozenset()


def decision_record(decision: Decision, compared: Comparisons) -> dict[str, Any]:
    """What is kept with the release."""
    comparisons = [*compared.decisive, *compared.others]
    return {
        "verdict": "promote" if decision.promote else "reject",
        "reasons": list(decision.reasons),
        "rows": [dict(row) for c in comparisons for row in result_rows(c.results)],
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
class PendingDataset:
    """A file that names the dataset of a cycle under way, so that the next one goes on after a kill."""

    path: Path

    def dataset(self, folder: Path) -> Dataset | None:
        """The dataset noted; None if there is no note, it was tried too often, or its dataset is gone."""
        name, attempts = self._read()
        if not name or attempts >= MAX_RESUMES:
            return None
        try:
            return find_dataset(folder, name)
        except DatasetError:
            return None

    def write(self, dataset: str) -> None:
        """Counts one more attempt with the dataset."""
        name, attempts = self._read()
        attempts = attempts + 1 if name == dataset else 1
        with write_atomically(self.path) as partial:
            partial.write_text(json.dumps({"dataset": dataset, "attempts": attempts}), encoding="utf-8")

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def _read(self) -> tuple[str, int]:
        try:
            noted = json.loads(self.path.read_text(encoding="utf-8"))
            return str(noted["dataset"]), int(noted["attempts"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return "", 0
