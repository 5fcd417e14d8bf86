"""Trains the language model on a dataset with the chosen objective: supervised, DPO or KTO."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from transformers import TrainerCallback

from finetune.datasets.dataset import TRAIN, VALIDATION, Dataset
from finetune.errors import NothingToLearn
from finetune.examples import (
    Example,
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RewritingExample,
    read_examples,
)
from finetune.training.options import TrainingObjective, TrainingOptions
from finetune.training.preference import train_dpo, train_kto
from finetune.training.preference_data import (
    PreferencePair,
    RatedReply,
    to_preference_pairs,
    to_rated_replies,
)
from finetune.training.run import Run
from finetune.training.sft_data import DataMixture, SftExample, mix_sft_examples
from finetune.training.supervised import train_supervised

AnyExample = TypeVar("AnyExample", bound=Example)


def train_language_model(
    run: Run,
    base: Path,
    dataset: Dataset,
    choice: DataMixture,
    objective: TrainingObjective,
    options: TrainingOptions,
    *,
    parent: Path | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains an adapter into the run's artifact. Raises NothingToLearn, UnusableBase, UnusableAdapter."""
    train, prepare = TRAINERS[objective]
    examples = prepare(dataset, TRAIN, choice)
    if not examples:
        raise NothingToLearn(f"language model ({objective})")
    validation = prepare(dataset, VALIDATION, choice)[: options.validation]
    train(run, base, examples, validation, options, parent=parent, callbacks=callbacks)


def _sft_examples(dataset: Dataset, split: str, choice: DataMixture) -> list[SftExample]:
    rewriting = _read(dataset, "rewriting", split, RewritingExample)
    return mix_sft_examples(rewriting, _read(dataset, "grounding", split, GroundingExample), choice)


def _preference_pairs(dataset: Dataset, split: str, choice: DataMixture) -> list[PreferencePair]:
    return list(to_preference_pairs(_read(dataset, "preference", split, PreferenceExample)))


def _rated_replies(dataset: Dataset, split: str, choice: DataMixture) -> list[RatedReply]:
    return list(to_rated_replies(_read(dataset, "rated", split, RatedExample)))


def _read(dataset: Dataset, kind: str, split: str, form: type[AnyExample]) -> list[AnyExample]:
    path = dataset.path(kind, split)
    return list(read_examples(path, form)) if path else []


TRAINERS: dict[
    TrainingObjective, tuple[Callable[..., None], Callable[[Dataset, str, DataMixture], Sequence[Any]]]
] = {
    TrainingObjective.SUPERVISED: (train_supervised, _sft_examples),
    TrainingObjective.DPO: (train_dpo, _preference_pairs),
    TrainingObjective.KTO: (train_kto, _rated_replies),
}
"""The function that trains, and the one that makes its examples from a split."""
