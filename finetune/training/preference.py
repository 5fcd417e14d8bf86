"""Preference training of an adapter with TRL: DPO on pairs of replies, KTO on rated replies.

DPO (Rafailov et al., 2023) also raises the likelihood of the better reply itself (Pang et al., "Iterative Reasoning
Preference Optimization", 2024); without that, both replies may become less likely as long as the worse one does so
faster. KTO (Ethayarajh et al., 2024) needs no pairs. The reference model is the base without the adapter, or with the
adapter that training started from.

Log-probabilities are computed from the states before the reply's tokens only; TRL would run the output layer over
whole prompts on a CPU. The numbers are the same.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import PeftType
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel, PrinterCallback, TrainerCallback
from transformers.utils import ModelOutput
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer
from trl.trainer.utils import FusedCausalLMOutput

from dialogue.engines.base import ChatMessage
from finetune.errors import UnusableAdapter
from finetune.training.adapters import (
    adapter_config,
    add_adapter,
    load_base_model,
    rank_callbacks,
    save_adapter,
)
from finetune.training.callbacks import run_callbacks
from finetune.training.options import PreferenceOptions
from finetune.training.preference_data import PreferencePair, RatedReply
from finetune.training.run import Run
from finetune.training.supervised import IGNORED_LABEL
from finetune.training.trainer_setup import finish_run, last_checkpoint, make_schedule, trainer_arguments


class ReplyLogProbs:
    """Replaces a model's `forward`, after TRL has replaced it by its own."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._usual = model.forward

    @classmethod
    def fit(cls, model: PreTrainedModel) -> None:
        model.forward = cls(model)

    def __call__(
        self,
        *args: Any,
        fused_lm_head: bool = False,
        labels: Tensor | None = None,
        output_router_logits: bool = False,
        **kwargs: Any,
    ) -> ModelOutput:
        """labels: (rows, tokens). The values of a token are at the position before it: (rows, tokens - 1)."""
        if not fused_lm_head or labels is None or output_router_logits:
            more = {"output_router_logits": True} if output_router_logits else {}
            return self._usual(*args, fused_lm_head=fused_lm_head, labels=labels, **more, **kwargs)
        wanted = labels[:, 1:]
        told = wanted != IGNORED_LABEL
        states = self._model.base_model(*args, **kwargs | {"use_cache": False}).last_hidden_state
        logits = self._model.get_output_embeddings()(states[:, :-1][told]).float()
        log_probs = -cross_entropy(logits, wanted[told], reduction="none")
        with torch.no_grad():
            shares = logits.log_softmax(-1)
            entropy = -(shares.exp() * shares).sum(-1)
            first = logits.argmax(-1) == wanted[told]
        return FusedCausalLMOutput(
            log_probs=_scatter(log_probs, told),
            entropy=_scatter(entropy, told),
            mean_logits=_scatter(logits.detach().mean(-1), told),
            is_top1=_scatter(first, told),
            label_mask=told,
        )


def _scatter(values: Tensor, told: Tensor) -> Tensor:
    return values.new_zeros(told.shape).masked_scatter(told, values)


def train_dpo(
    run: Run,
    base: Path,
    pairs: Sequence[PreferencePair],
    validation: Sequence[PreferencePair],
    options: PreferenceOptions,
    *,
    parent: Path | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains an adapter on `base`, from the adapter in `parent` where one is given, into the run's artifact.

    Raises UnusableBase, UnusableAdapter.
    """
    # A pair takes two rows of a batch.
    halved = replace(options, batch=max(1, options.batch // 2), accumulation=2 * options.accumulation)
    plan = make_schedule(len(pairs), halved)
    config = DPOConfig(
        **trainer_arguments(run, halved, plan, validated=bool(validation)),
        max_length=options.longest,
        beta=options.beta,
        loss_type=["sigmoid", "sft"],
        loss_weights=[1.0, options.likelihood],
    )
    patience = options.patience if validation else None
    trainer = DPOTrainer(
        **_trainer_model(base, options, plan.steps, parent),
        args=config,
        train_dataset=_pair_rows(pairs),
        eval_dataset=_pair_rows(validation) if validation else None,
        callbacks=run_callbacks(run, patience, [*callbacks, *rank_callbacks(options, parent)]),
    )
    _train(trainer, run, {"training pairs": len(pairs), "validation pairs": len(validation)})


def train_kto(
    run: Run,
    base: Path,
    rated: Sequence[RatedReply],
    validation: Sequence[RatedReply],
    options: PreferenceOptions,
    *,
    parent: Path | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """The same from rated replies, even if there are far more of one kind than of the other.

    Raises UnusableBase, UnusableAdapter.
    """
    # KTO measures how far the model has moved by replies to other prompts of the batch, so it needs two.
    batched = replace(options, batch=max(2, options.batch))
    plan = make_schedule(len(rated), batched)
    # Both kinds have the same total weight (equation 8 of the paper).
    welcome, unwelcome = _count_ratings(rated)
    config = KTOConfig(
        **trainer_arguments(run, batched, plan, validated=bool(validation)),
        max_length=options.longest,
        beta=options.beta,
        desirable_weight=max(1.0, unwelcome / welcome),
        undesirable_weight=max(1.0, welcome / unwelcome),
    )
    patience = options.patience if validation else None
    trainer = KTOTrainer(
        **_trainer_model(base, options, plan.steps, parent),
        args=config,
        train_dataset=_rated_rows(random.Random(options.seed).sample(rated, len(rated))),
        eval_dataset=_rated_rows(validation) if validation else None,
        callbacks=run_callbacks(run, patience, [*callbacks, *rank_callbacks(options, parent)]),
    )
    _train(trainer, run, {"training ratings": len(rated), "validation ratings": len(validation)})


def _trainer_model(base: Path, options: PreferenceOptions, steps: int, parent: Path | None) -> dict[str, Any]:
    """The model arguments of a trainer, which keeps a copy of the adapter in `parent` as its reference."""
    model, tokenizer = load_base_model(base, options.precision)
    if parent is None:
        config = adapter_config(options, model.config, steps)
        return {"model": model, "processing_class": tokenizer, "peft_config": config}
    started = add_adapter(model, options, steps, parent)
    if started.peft_config["default"].peft_type != PeftType.LORA:
        raise UnusableAdapter(parent, "preference training can only continue from LoRA adapters")
    return {"model": started, "processing_class": tokenizer}


def _train(trainer: DPOTrainer | KTOTrainer, run: Run, counts: Mapping[str, int]) -> None:
    ReplyLogProbs.fit(trainer.model.get_base_model())
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=last_checkpoint(run))
    finish_run(trainer, run, partial(save_adapter, trainer.model), counts)


def _count_ratings(rated: Sequence[RatedReply]) -> tuple[int, int]:
    """How many are welcome and unwelcome, at least 1 each."""
    welcome = sum(rating.welcome for rating in rated)
    return max(1, welcome), max(1, len(rated) - welcome)


def _pair_rows(pairs: Sequence[PreferencePair]) -> Dataset:
    return Dataset.from_list(
        [
            {
                "prompt": list(pair.prompt),
                "chosen": _assistant_message(pair.chosen),
                "rejected": _assistant_message(pair.rejected),
            }
            for pair in pairs
        ]
    )


def _rated_rows(rated: Sequence[RatedReply]) -> Dataset:
    return Dataset.from_list(
        [
            {
                "prompt": list(rating.prompt),
                "completion": _assistant_message(rating.reply),
                "label": rating.welcome,
            }
            for rating in rated
        ]
    )


def _assistant_message(reply: str) -> list[ChatMessage]:
    return [{"role": "assistant", "content": reply}]
