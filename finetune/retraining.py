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
"""How often an interrupted cycle is continued with its dataset before a new one is built."""


class CycleStatus(StrEnum):
    SKIPPED = "skipped"
    PROMOTED = "promoted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class CycleResult:
    """The result of a cycle. release: the candidate, even if it was rejected."""

    verdict: CycleStatus
    reasons: tuple[str, ...]
    release: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """The result of a training, in `folder`. base: the model it was trained on. parent: the release it started from."""

    folder: Path
    tasks: tuple[str, ...]
    base: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Comparisons:
    """The candidate compared with the systems called `live` and `base`, on sets of examples.

    decisive: the regression set from the log and the sets that an operator checked, each as a whole. others: parts of
    them, and imported examples.
    """

    decisive: Sequence[Comparison]
    others: Sequence[Comparison]
    live: str
    base: str


@dataclass(frozen=True, slots=True)
class RetrainingSteps:
    """The functions that do the work. `train` resumes if it is called again with the same dataset.

    show: presents the decision to people.
    """

    build: Callable[[], Awaitable[Dataset]]
    train: Callable[[Dataset, ActiveModels], Awaitable[Candidate]]
    compare: Callable[[Release, Dataset, ActiveModels], Awaitable[Comparisons]]
    show: Callable[[Release, Comparisons, Decision], None]


Announce = Callable[[str], None]
"""Called with a line about the step that begins."""


@dataclass(frozen=True, slots=True)
class RetrainingCycle:
    """kinds: the kinds of examples that candidates for `tasks` learn from. minimum: how many new ones a cycle needs.

    datasets: the folder of all datasets. note: remembers the dataset of a cycle until it is finished.
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
        """Runs one cycle. Raises StepFailed, which says what failed and what to do."""
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
        """The dataset of an interrupted cycle, or a new one from the log."""
        if dataset := self.note.dataset(self.datasets):
            self.say(f"Continuing with dataset {dataset.id}")
            return dataset
        with _step("building the dataset"):
            self.say("Building a dataset from the log")
            return await self.steps.build()

    async def _too_little(self, dataset: Dataset) -> str | None:
        """Why the dataset is not worth training on; None if it is."""
        former = await self._former()
        if former == dataset.id:
            return f"Dataset {former} was trained on already, and there is nothing new."
        new = count_new(dataset, self._opened(former), self.kinds)
        if new >= self.minimum:
            return None
        return f"There are {new} new examples; {self.minimum} are needed. Wait, or give a smaller --minimum."

    async def _former(self) -> str | None:
        """The dataset of the last candidate for these tasks that reached the gate."""
        judged = (r for r in await self.releases.list() if r.decision and set(r.tasks) & set(self.tasks))
        return next((release.dataset for release in judged), None)

    def _opened(self, dataset: str | None) -> Dataset | None:
        """None if there was none, or if it is on another machine."""
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
    """How many training examples are new or changed since `former`."""
    return sum(len(_lines(dataset, kind) - _lines(former, kind)) for kind in kinds)


def _lines(dataset: Dataset | None, kind: str) -> frozenset[bytes]:
    path = dataset.path(kind, TRAIN) if dataset else None
    return frozenset(path.read_bytes().splitlines()) if path else frozenset()


def decision_record(decision: Decision, compared: Comparisons) -> dict[str, Any]:
    """What is stored with the release."""
    comparisons = [*compared.decisive, *compared.others]
    return {
        "verdict": "promote" if decision.promote else "reject",
        "reasons": list(decision.reasons),
        "rows": [dict(row) for c in comparisons for row in result_rows(c.results)],
        "gains": [dict(row) for c in comparisons for row in c.gain_rows()],
    }


@contextmanager
def _step(name: str) -> Iterator[None]:
    """Names the step in errors that a person can do something about. EmptyDataset passes."""
    try:
        yield
    except EmptyDataset:
        raise
    except (FinetuneError, DialogueError, RetrievalError, OSError) as error:
        raise StepFailed(name, error) from error


@dataclass(frozen=True, slots=True)
class PendingDataset:
    """A file that names the dataset of a cycle in progress, so that the next cycle continues after a kill."""

    path: Path

    def dataset(self, folder: Path) -> Dataset | None:
        """The noted dataset; None if there is no note, it was tried too often, or the dataset is gone."""
        name, attempts = self._read()
        if not name or attempts >= MAX_RESUMES:
            return None
        try:
            return find_dataset(folder, name)
        except DatasetError:
            return None

    def write(self, dataset: str) -> None:
        """Notes one more attempt with the dataset."""
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
