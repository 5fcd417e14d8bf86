"""What a run's options are to the trainers of transformers and TRL, which share most of their arguments."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from transformers.trainer_utils import get_last_checkpoint

from finetune.training.options import Options
from finetune.training.retriever.options import EncoderOptions
from finetune.training.run import Run


@dataclass(frozen=True, slots=True)
class Schedule:
    """Optimizer steps of a run, and after how many each evaluation and checkpoint comes."""

    steps: int
    interval: int


def schedule(examples: int, options: Options | EncoderOptions) -> Schedule:
    batches = math.ceil(examples / options.batch)
    steps = max(1, math.ceil(options.epochs * math.ceil(batches / options.accumulation)))
    return Schedule(steps, max(1, steps // options.evaluations))


def trainer_arguments(
    run: Run, options: Options | EncoderOptions, plan: Schedule, *, validated: bool
) -> dict[str, Any]:
    """Arguments by name. The best of the evaluated checkpoints is what remains where there is a validation split."""
    every = {"eval_strategy": "steps", "eval_steps": plan.interval, "load_best_model_at_end": True}
    return {
        "output_dir": str(run.checkpoints),
        "logging_strategy": "steps",
        "logging_steps": max(1, plan.interval // 10),
        "report_to": [],
        "disable_tqdm": True,
        "save_strategy": "steps",
        "save_steps": plan.interval,
        "save_total_limit": 2,
        "learning_rate": options.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": math.ceil(options.warmup * plan.steps),
        "weight_decay": options.weight_decay,
        "max_steps": plan.steps,
        "per_device_train_batch_size": options.batch,
        "per_device_eval_batch_size": options.batch,
        "gradient_accumulation_steps": options.accumulation,
        "activation_checkpointing": False,
        "use_cpu": not torch.accelerator.is_available(),
        "bf16": options.precision == "bf16",
        "seed": options.seed,
        "data_seed": options.seed,
        "dataloader_pin_memory": False,
        **(every if validated else {}),
    }


def last_checkpoint(run: Run) -> str | None:
    """Where a killed run goes on; None at its beginning."""
    return get_last_checkpoint(str(run.checkpoints)) if run.checkpoints.is_dir() else None
