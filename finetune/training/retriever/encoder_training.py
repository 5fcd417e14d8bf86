"""Trains a sentence-transformers encoder and leaves it in `artifact/encoder`, where `load_encoder` reads it.

A run resumes from its last checkpoint, stops early once validation searches no longer improve, and keeps the best
checkpoint. To use several GPUs: `accelerate launch -m bot.commands finetune retriever ...`.
"""

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
from finetune.training.callbacks import run_callbacks
from finetune.training.options import EncoderOptions
from finetune.training.run import Run
from finetune.training.trainer_setup import (
    Schedule,
    finish_run,
    last_checkpoint,
    make_schedule,
    trainer_arguments,
)
from retrieval.files import write_atomically

ENCODER_FOLDER = "encoder"
"""The encoder's folder in the artifact."""
_CUTOFF = 5

TrainingRow = dict[str, Any]
"""What the loss compares, in the order of the columns."""


@dataclass(frozen=True, slots=True)
class EncoderValidation:
    """Validation searches: questions and passages by id, and which passages each question should find."""

    questions: dict[str, str]
    passages: dict[str, str]
    relevant: dict[str, set[str]]


def train_encoder(
    run: Run,
    base: Path,
    rows: Sequence[TrainingRow],
    loss: Callable[[SentenceTransformer], Module],
    validation: EncoderValidation,
    options: EncoderOptions,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains the encoder in the folder `base`; without questions in the `validation`, to the end of its epochs.

    Raises NothingToLearn where there are no rows.
    """
    if not rows:
        raise NothingToLearn("retriever")
    model = SentenceTransformer(str(base), device=_device(), local_files_only=True)
    model.model_card_data.generate_widget_examples = False
    longest = model.max_seq_length
    model.max_seq_length = min(options.longest, longest)
    plan = make_schedule(len(rows), options)
    evaluator = _evaluator(validation, options) if validation.questions else None
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_arguments(run, options, plan, evaluator),
        train_dataset=Dataset.from_list(list(rows)),
        loss=loss(model),
        evaluator=evaluator,
        callbacks=run_callbacks(run, options.patience if evaluator else None, callbacks),
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(run))
    read = {"rows": len(rows), "searches to validate": len(validation.questions)}
    finish_run(trainer, run, partial(_save, model, longest), read)


def _device() -> str | None:
    """None lets the library choose an accelerator."""
    return None if torch.accelerator.is_available() else "cpu"


def _evaluator(validation: EncoderValidation, options: EncoderOptions) -> InformationRetrievalEvaluator:
    return InformationRetrievalEvaluator(
        validation.questions,
        validation.passages,
        validation.relevant,
        ndcg_at_k=[_CUTOFF],
        batch_size=options.at_once,
        name="validation",
        write_csv=False,
    )


def _arguments(
    run: Run, options: EncoderOptions, plan: Schedule, evaluator: InformationRetrievalEvaluator | None
) -> SentenceTransformerTrainingArguments:
    values = trainer_arguments(run, options, plan, validated=evaluator is not None)
    if evaluator:
        values |= {
            "metric_for_best_model": f"eval_validation_cosine_ndcg@{_CUTOFF}",
            "greater_is_better": True,
        }
    return SentenceTransformerTrainingArguments(**values, batch_sampler=BatchSamplers.NO_DUPLICATES)


def _save(model: SentenceTransformer, longest: int, folder: Path) -> None:
    """Writes the artifact, completely or not at all, with the base's own maximum text length."""
    model.max_seq_length = longest
    with write_atomically(folder) as partial:
        model.save(str(partial / ENCODER_FOLDER), create_model_card=False)
