"""AdaLoRA's allocation of ranks after every step, which the trainers of transformers leave to their callers.

Ranks that are given up stay in the adapter as zeros: so every checkpoint of a run has the same shape, and a killed run
goes on from it. Knows no losses.
"""

from pathlib import Path
from typing import Any

from peft import PeftModel
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from finetune.training.options import Options

Pattern = dict[str, list[bool]]
"""Which singular values are kept, by the name of their parameter."""


def allocation(options: Options, parent: Path | None) -> list[TrainerCallback]:
    """What a run adds to its callbacks; an adapter that is trained further keeps its ranks."""
    return [RankAllocation()] if options.method == "adalora" and parent is None else []


class RankAllocation(TrainerCallback):
    def __init__(self) -> None:
        self._kept: Pattern = {}

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        model: PeftModel,
        **more: Any,
    ) -> None:
        self._kept = _not_zero(model.base_model.model)

    def on_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        model: PeftModel,
        **more: Any,
    ) -> None:
        tuner = model.base_model
        allocator, config = tuner.rankallocator, tuner.peft_config["default"]
        step, last = state.global_step + 1, config.total_step - config.tfinal
        if step > last:
            allocator.mask_using_rank_pattern(tuner.model, self._kept)
            return
        if not allocator.ipt:
            allocator.update_ipt(tuner.model)
        _, kept = allocator.update_and_allocate(tuner.model, step, force_mask=step == last)
        self._kept = kept or self._kept


def _not_zero(model: nn.Module) -> Pattern:
    return {
        name: (values != 0).flatten().tolist()
        for name, values in model.named_parameters()
        if "lora_E.default" in name
    }
