"""Teaches the language model what a dataset holds for an objective.

Knows datasets and trainers; does not know where weights are.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from transformers import TrainerCallback

from finetune.datasets.dataset import Dataset
from finetune.datasets.splitting import TRAIN, VALIDATION
from finetune.errors import NothingToLearn
from finetune.examples import (
    Example,
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RewritingExample,
    read,
)
from finetune.training.curriculum import Choice, curriculum
from finetune.training.judgements import PairLesson, RatedLesson, pair_lessons, rated_lessons
from finetune.training.lessons import Lesson
from finetune.training.objective import Objective
from finetune.training.options import Options, PreferenceOptions
from finetune.training.preference import train_preference, train_rated
from finetune.training.run import Run
from finetune.training.supervised import train_supervised

Form = TypeVar("Form", bound=Example)

VALIDATED = 64
"""Examples to validate with at most: each evaluation reads them all."""
OPTIONS: dict[Objective, type[Options]] = {
    Objective.SUPERVISED: Options,
    Objective.DPO: PreferenceOptions,
    Objective.KTO: PreferenceOptions,
}
"""What may be chosen."""


def train_language(
    run: Run,
    base: Path,
    dataset: Dataset,
    choice: Choice,
    objective: Objective,
    options: Options,
    *,
    parent: Path | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains an adapter into the run's artifact. Raises NothingToLearn, UnusableBase, UnusableAdapter."""
    train, taught = TAUGHT[objective]
    lessons = taught(dataset, TRAIN, choice)
    if not lessons:
        raise NothingToLearn(f"language model ({objective})")
    validation = taught(dataset, VALIDATION, choice)[:VALIDATED]
    train(run, base, lessons, validation, options, parent=parent, callbacks=callbacks)


def _lessons(dataset: Dataset, split: str, choice: Choice) -> list[Lesson]:
    rewriting = _read(dataset, "rewriting", split, RewritingExample)
    return curriculum(rewriting, _read(dataset, "grounding", split, GroundingExample), choice)


def _pairs(dataset: Dataset, split: str, choice: Choice) -> list[PairLesson]:
    return list(pair_lessons(_read(dataset, "preference", split, PreferenceExample)))


def _rated(dataset: Dataset, split: str, choice: Choice) -> list[RatedLesson]:
    return list(rated_lessons(_read(dataset, "rated", split, RatedExample)))


def _read(dataset: Dataset, kind: str, split: str, form: type[Form]) -> list[Form]:
    path = dataset.path(kind, split)
    return list(read(path, form)) if path else []


TAUGHT: dict[Objective, tuple[Callable[..., None], Callable[[Dataset, str, Choice], Sequence[Any]]]] = {
    Objective.SUPERVISED: (train_supervised, _lessons),
    Objective.DPO: (train_preference, _pairs),
    Objective.KTO: (train_rated, _rated),
}
"""What trains, and what makes its lessons of a split."""
