"""Supervised fine-tuning of an adapter with TRL, with the loss on the reply only.

A run resumes from its last checkpoint, stops early once the validation loss no longer falls, and keeps the best
checkpoint. To use several GPUs: `accelerate launch -m bot.commands finetune ...`.

The trainer computes logits only where there is a loss: for a small model with a large vocabulary the output layer
costs more than all other layers together, and prompts have no loss. `python -m benchmarks.training_speed` measures
the gain. Each batch holds examples of similar length, yet each step mixes all lengths: grouping by length alone would
fill whole steps with the short examples of one task.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import Sampler
from transformers import PreTrainedTokenizerBase, PrinterCallback, TrainerCallback, set_seed
from trl import SFTConfig, SFTTrainer

from finetune.errors import NothingToLearn
from finetune.training.adapters import add_adapter, load_base_model, rank_callbacks, save_adapter
from finetune.training.callbacks import run_callbacks
from finetune.training.options import TrainingOptions
from finetune.training.run import Run
from finetune.training.sft_data import SftExample
from finetune.training.trainer_setup import (
    Schedule,
    finish_run,
    last_checkpoint,
    make_schedule,
    trainer_arguments,
)

BATCHES_PER_WINDOW = 32
"""Batches that are drawn together, so that there are enough examples of similar length among them."""


class MixedLengthSampler(Sampler[int]):
    """Indices in batches of similar length, in random order; the same seed and epoch give the same order."""

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths = lengths
        self._batch = batch
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        draw = random.Random(f"{self._seed} {self._epoch}")
        order = draw.sample(range(len(self)), len(self))
        for window in _slices(order, BATCHES_PER_WINDOW * self._batch):
            batches = list(_slices(sorted(window, key=self._lengths.__getitem__), self._batch))
            last = [batches.pop()] if len(batches[-1]) < self._batch else []
            for batch in draw.sample(batches, len(batches)) + last:
                yield from batch


def _slices(indices: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (indices[start : start + size] for start in range(0, len(indices), size))


IGNORED_LABEL = -100
"""The label of a token that has no loss."""


class ReplyTrainer(SFTTrainer):
    """For any transformers model whose logits come from its output embeddings, with or without an adapter.

    focus: the exponent of the focal loss (Lin et al., ICCV 2017), 0 for cross-entropy.
    """

    def __init__(self, *args: Any, focus: float = 0.0, **kwargs: Any) -> None:
        self._focus = focus
        super().__init__(*args, **kwargs)

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler[int]:
        rows = self.train_dataset if train_dataset is None else train_dataset
        lengths = [len(row) for row in rows["input_ids"]]
        return MixedLengthSampler(lengths, self.args.train_batch_size, self.args.seed)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The mean focal loss of the reply tokens: over the whole step, if their number is given."""
        given = {name: value for name, value in inputs.items() if name != "labels"}
        wanted = inputs["labels"][:, 1:]
        told = wanted != IGNORED_LABEL
        with _logits_only_at(told, self.model.get_output_embeddings()):
            outputs = model(**given, use_cache=False)
        each = cross_entropy(outputs.logits.float(), wanted[told], reduction="none")
        total = (_focal_weights(each, self._focus) * each).sum()
        count = told.sum() if num_items_in_batch is None else num_items_in_batch
        loss = total / torch.as_tensor(count).clamp(min=1)
        if num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes
        if self.model.training:
            self._total_train_tokens += _count_tokens(given)
            self._metrics["train"]["num_tokens"] = [self._total_train_tokens]
        return (loss, outputs) if return_outputs else loss


def _focal_weights(losses: Tensor, focus: float) -> Tensor:
    """(1 - p) ** focus of each token, without a gradient."""
    return (1 - (-losses.detach()).exp()).clamp(min=0) ** focus


def _count_tokens(given: dict[str, Any]) -> int:
    """The number of tokens; packed rows have no mask and no padding."""
    mask = given.get("attention_mask")
    return given["input_ids"].numel() if mask is None else int(mask.sum())


@contextmanager
def _logits_only_at(told: Tensor, head: nn.Module) -> Iterator[None]:
    """The head only reads the states before the tokens that have a loss: (told, width), not (rows, tokens, width)."""

    def select(_: nn.Module, states: tuple[Tensor, ...]) -> tuple[Tensor]:
        return (states[0][:, :-1][told],)

    hook = head.register_forward_pre_hook(select)
    try:
        yield
    finally:
        hook.remove()


def train_supervised(
    run: Run,
    base: Path,
    examples: Sequence[SftExample],
    validation: Sequence[SftExample],
    options: TrainingOptions,
    *,
    parent: Path | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Trains an adapter on `base`, from the adapter in `parent` where one is given, into the run's artifact.

    Examples of more than `options.longest` tokens are left out, because their replies would be cut.

    Raises UnusableBase, UnusableAdapter, NothingToLearn.
    """
    model, tokenizer = load_base_model(base, options.precision)
    given = len(examples)
    examples = _short_enough(examples, tokenizer, options.longest)
    validation = _short_enough(validation, tokenizer, options.longest)
    if not examples:
        raise NothingToLearn(f"language model of at most {options.longest} tokens (the option `longest`)")
    plan = make_schedule(len(examples), options)
    set_seed(options.seed)
    patience = options.patience if validation else None
    trainer = ReplyTrainer(
        model=add_adapter(model, options, plan.steps, parent),
        args=_config(run, options, plan, validated=bool(validation)),
        processing_class=tokenizer,
        focus=options.focus,
        train_dataset=_rows(examples),
        eval_dataset=_rows(validation) if validation else None,
        callbacks=run_callbacks(run, patience, [*callbacks, *rank_callbacks(options, parent)]),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=last_checkpoint(run))
    counts = {
        "training examples": len(examples),
        "left out because they are too long": given - len(examples),
        "validation examples": len(validation),
    }
    finish_run(trainer, run, partial(save_adapter, trainer.model), counts)


def _config(run: Run, options: TrainingOptions, plan: Schedule, *, validated: bool) -> SFTConfig:
    return SFTConfig(
        **trainer_arguments(run, options, plan, validated=validated),
        max_length=options.longest,
        packing=options.packing,
        completion_only_loss=True,
        neftune_noise_alpha=options.noise or None,
    )


def _short_enough(
    examples: Sequence[SftExample], tokenizer: PreTrainedTokenizerBase, longest: int
) -> list[SftExample]:
    return [example for example in examples if _token_count(example, tokenizer) <= longest]


def _token_count(example: SftExample, tokenizer: PreTrainedTokenizerBase) -> int:
    messages = [*example.prompt, {"role": "assistant", "content": example.reply}]
    return len(tokenizer.apply_chat_template(messages, return_dict=True)["input_ids"])


def _rows(examples: Sequence[SftExample]) -> Dataset:
    return Dataset.from_list(
        [
            {
                "prompt": list(example.prompt),
                "completion": [{"role": "assistant", "content": example.reply}],
            }
            for example in examples
        ]
    )
