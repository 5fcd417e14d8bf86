"""Preference training of an adapter: from pairs by DPO, from ratings by KTO (TRL).

DPO (Rafailov et al., 2023) here also raises the likelihood of the better reply itself (Pang et al., "Iterative
Reasoning Preference Optimization", 2024): otherwise both may become less likely as long as the worse does so
faster. KTO (Ethayarajh et al., 2024) needs no pairs. What is learnt is held near the model as it was: the same weights
without the adapter, or with its parent. Knows lessons, not where they come from.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset
from peft import PeftType
from transformers import PrinterCallback, TrainerCallback
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer

from dialogue.engines.messages import Message
from finetune.errors import UnusableAdapter
from finetune.training.adapter import adapted, adapter_config
from finetune.training.allocation import allocation
from finetune.training.arguments import last_checkpoint, schedule, trainer_arguments
from finetune.training.artifact import save_adapter
from finetune.training.base import load_base
from finetune.training.ending import conclude
from finetune.training.judgements import PairLesson, RatedLesson
from finetune.training.options import PreferenceOptions
from finetune.training.reply_head import ReplyHead
from finetune.training.run import Run
from finetune.training.watchers import watchers


def train_preference(
    run: Run,
    base: Path,
    pairs: Sequence[PairLesson],
    validation: Sequence[PairLesson],
    options: PreferenceOptions,
    *,
    parent: Path | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains an adapter on `base`, from the adapter in `parent` where one is given, into the run's artifact.

    Raises UnusableBase, UnusableAdapter.
    """
    # A pair is two rows of a batch.
    halved = replace(options, batch=max(1, options.batch // 2), accumulation=2 * options.accumulation)
    plan = schedule(len(pairs), halved)
    config = DPOConfig(
        **trainer_arguments(run, halved, plan, validated=bool(validation)),
        max_length=options.longest,
        beta=options.beta,
        loss_type=["sigmoid", "sft"],
        loss_weights=[1.0, options.likelihood],
    )
    patience = options.patience if validation else None
    trainer = DPOTrainer(
        **_pupil(base, options, plan.steps, parent),
        args=config,
        train_dataset=_pair_rows(pairs),
        eval_dataset=_pair_rows(validation) if validation else None,
        callbacks=watchers(run, patience, [*callbacks, *allocation(options, parent)]),
    )
    _train(trainer, run, {"pairs": len(pairs), "pairs to validate": len(validation)})


def train_rated(
    run: Run,
    base: Path,
    rated: Sequence[RatedLesson],
    validation: Sequence[RatedLesson],
    options: PreferenceOptions,
    *,
    parent: Path | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """The same from rated replies, of which one kind may be far more than the other.

    Raises UnusableBase, UnusableAdapter.
    """
    # A reply to another prompt of the batch tells how far the model has moved, so there must be two.
    batched = replace(options, batch=max(2, options.batch))
    plan = schedule(len(rated), batched)
    # Either kind counts the same as a whole (equation 8 of the paper).
    welcome, unwelcome = _counts(rated)
    config = KTOConfig(
        **trainer_arguments(run, batched, plan, validated=bool(validation)),
        max_length=options.longest,
        beta=options.beta,
        desirable_weight=max(1.0, unwelcome / welcome),
        undesirable_weight=max(1.0, welcome / unwelcome),
    )
    patience = options.patience if validation else None
    trainer = KTOTrainer(
        **_pupil(base, options, plan.steps, parent),
        args=config,
        train_dataset=_rated_rows(random.Random(options.seed).sample(rated, len(rated))),
        eval_dataset=_rated_rows(validation) if validation else None,
        callbacks=watchers(run, patience, [*callbacks, *allocation(options, parent)]),
    )
    _train(trainer, run, {"ratings": len(rated), "ratings to validate": len(validation)})


def _pupil(base: Path, options: PreferenceOptions, steps: int, parent: Path | None) -> dict[str, Any]:
    """What a trainer is given to train. It keeps a copy of the adapter in `parent` to compare with."""
    model, tokenizer = load_base(base, options.precision)
    if parent is None:
        config = adapter_config(options, model.config, steps)
        return {"model": model, "processing_class": tokenizer, "peft_config": config}
    started = adapted(model, options, steps, parent)
    if started.peft_config["default"].peft_type != PeftType.LORA:
        raise UnusableAdapter(parent, "preference training goes on from LoRA adapters only")
    return {"model": started, "processing_class": tokenizer}


def _train(trainer: DPOTrainer | KTOTrainer, run: Run, read: Mapping[str, int]) -> None:
    ReplyHead.fit(trainer.model.get_base_model())
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=last_checkpoint(run))
    conclude(trainer, run, partial(save_adapter, trainer.model), read)


def _counts(rated: Sequence[RatedLesson]) -> tuple[int, int]:
    """Of welcome and of unwelcome replies, at least 1 each."""
    welcome = sum(lesson.welcome for lesson in rated)
    return max(1, welcome), max(1, len(rated) - welcome)


def _pair_rows(pairs: Sequence[PairLesson]) -> Dataset:
    return Dataset.from_list(
        [
            {"prompt": list(pair.prompt), "chosen": _said(pair.chosen), "rejected": _said(pair.rejected)}
            for pair in pairs
        ]
    )


def _rated_rows(rated: Sequence[RatedLesson]) -> Dataset:
    return Dataset.from_list(
        [
            {
                "prompt": list(lesson.prompt),
                "completion": _said(lesson.reply),
                "label": lesson.welcome,
            }
            for lesson in rated
        ]
    )


def _said(reply: str) -> list[Message]:
    return [{"role": "assistant", "content": reply}]
