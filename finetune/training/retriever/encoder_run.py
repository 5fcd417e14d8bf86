"""A run that trains a sentence-transformers encoder and leaves it in `artifact/encoder`, as `load_encoder` reads it.

Goes on from its last checkpoint, ends early when validation searches no longer find better, and keeps the best.
Several GPUs: `accelerate launch -m bot.cli finetune retriever ...`. Knows rows and a loss, not what they teach.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
from sentence_transformers.sentence_transformer.training_args import BatchSamplers
from torch.nn import Module
from transformers import TrainerCallback

from finetune.errors import NothingToLearn
from finetune.training.arguments import Schedule, last_checkpoint, schedule, trainer_arguments
from finetune.training.ending import conclude
from finetune.training.retriever.options import EncoderOptions
from finetune.training.run import Run
from finetune.training.watchers import watchers

ENCODER = "encoder"
"""The encoder's folder in the artifact."""
_CUT = 5

Row = dict[str, Any]
"""What the loss compares, in the order of the columns."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Searches to validate with: questions and passages by id, and which passages each question should find."""

    questions: dict[str, str]
    passages: dict[str, str]
    relevant: dict[str, set[str]]


def train_encoder(
    run: Run,
    base: Path,
    rows: Sequence[Row],
    loss: Callable[[SentenceTransformer], Module],
    trial: Trial,
    options: EncoderOptions,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains the encoder in the folder `base`; without questions in the `trial`, to the end of its epochs.

    Raises NothingToLearn where there are no rows.
    """
    if not rows:
        raise NothingToLearn("retriever")
    model = SentenceTransformer(str(base), device=_device(), local_files_only=True)
    model.model_card_data.generate_widget_examples = False
    longest = model.max_seq_length
    model.max_seq_length = min(options.longest, longest)
    plan = schedule(len(rows), options)
    judge = _judge(trial, options) if trial.questions else None
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_arguments(run, options, plan, judge),
        train_dataset=Dataset.from_list(list(rows)),
        loss=loss(model),
        evaluator=judge,
        callbacks=watchers(run, options.patience if judge else None, callbacks),
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(run))
    read = {"rows": len(rows), "searches to validate": len(trial.questions)}
    conclude(trainer, run, partial(_save, model, longest), read)


def _device() -> str | None:
    """None lets the library choose among accelerators."""
    return None if torch.accelerator.is_available() else "cpu"


def _judge(trial: Trial, options: EncoderOptions) -> InformationRetrievalEvaluator:
    return InformationRetrievalEvaluator(
        trial.questions,
        trial.passages,
        trial.relevant,
        ndcg_at_k=[_CUT],
        batch_size=options.at_once,
        name="validation",
        write_csv=False,
    )


def _arguments(
    run: Run, options: EncoderOptions, plan: Schedule, judge: InformationRetrievalEvaluator | None
) -> SentenceTransformerTrainingArguments:
    values = trainer_arguments(run, options, plan, validated=judge is not None)
    if judge:
        values |= {"metric_for_best_model": f"eval_validation_cosine_ndcg@{_CUT}", "greater_is_better": True}
    return SentenceTransformerTrainingArguments(**values, batch_sampler=BatchSamplers.NO_DUPLICATES)


def _save(model: SentenceTransformer, longest: int, folder: Path) -> None:
    """The artifact, whole or not at all, reading texts as long as its base did."""
    half = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(half, ignore_errors=True)
    model.max_seq_length = longest
    model.save(str(half / ENCODER), create_model_card=False)
    half.rename(folder)
