"""TRL's SFTTrainer with a head that reads only where there is something to learn.

A model's head is a matrix of vocabulary by width: for a small model with a large vocabulary it costs more than all
layers together, and a prompt has no loss. `python -m benchmarks.training_speed` prints what this gives.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import Sampler
from trl import SFTTrainer

from finetune.training.sampling import MixedLengths

IGNORED = -100
"""The label of a token that nothing is learnt from."""


class ReplyTrainer(SFTTrainer):
    """Any model of transformers whose logits come from its output embeddings, with or without an adapter.

    focus: the exponent of the focal loss (Lin et al., ICCV 2017), 0 for cross-entropy.
    """

    def __init__(self, *args: Any, focus: float = 0.0, **kwargs: Any) -> None:
        self._focus = focus
        super().__init__(*args, **kwargs)

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler[int]:
        rows = self.train_dataset if train_dataset is None else train_dataset
        lengths = [len(row) for row in rows["input_ids"]]
        return MixedLengths(lengths, self.args.train_batch_size, self.args.seed)

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
        told = wanted != IGNORED
        with _only(told, self.model.get_output_embeddings()):
            outputs = model(**given, use_cache=False)
        each = cross_entropy(outputs.logits.float(), wanted[told], reduction="none")
        total = (_unsureness(each, self._focus) * each).sum()
        count = told.sum() if num_items_in_batch is None else num_items_in_batch
        loss = total / torch.as_tensor(count).clamp(min=1)
        if num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes
        if self.model.training:
            self._total_train_tokens += _read(given)
            self._metrics["train"]["num_tokens"] = [self._total_train_tokens]
        return (loss, outputs) if return_outputs else loss


def _unsureness(losses: Tensor, focus: float) -> Tensor:
    """(1 - p) ** focus of each token; no gradient goes through it."""
    return (1 - (-losses.detach()).exp()).clamp(min=0) ** focus


def _read(given: dict[str, Any]) -> int:
    """How many tokens; rows that are packed have no mask and no padding."""
    mask = given.get("attention_mask")
    return given["input_ids"].numel() if mask is None else int(mask.sum())


@contextmanager
def _only(told: Tensor, head: nn.Module) -> Iterator[None]:
    """The head reads the states before the tokens that are told: (told, width), not (rows, tokens, width)."""

    def select(_: nn.Module, states: tuple[Tensor, ...]) -> tuple[Tensor]:
        return (states[0][:, -told.shape[1] - 1 : -1][told],)

    hook = head.register_forward_pre_hook(select)
    try:
        yield
    finally:
        hook.remove()
