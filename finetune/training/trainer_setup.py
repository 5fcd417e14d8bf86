"""What all runs share about transformers trainers: the step schedule, arguments, resuming, and finishing a run.

When a run finishes, its report is written first and the artifact last; its checkpoints are then deleted.
"""

import json
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer

from finetune.training.options import EncoderOptions, TrainingOptions
from finetune.training.report import write_run_report
from finetune.training.run import Run

TRAINER_STATE = "trainer_state.json"
"""The file in a checkpoint with the trainer's state."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """steps: optimizer steps of a run. interval: steps between evaluations, which also write checkpoints."""

    steps: int
    interval: int


def make_schedule(examples: int, options: TrainingOptions | EncoderOptions) -> Schedule:
    batches = math.ceil(examples / options.batch)
    steps = max(1, math.ceil(options.epochs * math.ceil(batches / options.accumulation)))
    return Schedule(steps, max(1, steps // options.evaluations))


def trainer_arguments(
    run: Run, options: TrainingOptions | EncoderOptions, plan: Schedule, *, validated: bool
) -> dict[str, Any]:
    """Arguments by name. With a validation split, the best of the evaluated checkpoints is kept."""
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
    """The newest complete checkpoint, from which an interrupted run resumes; None at the beginning."""
    whole = filter(_is_complete, run.checkpoints.glob("checkpoint-*"))
    newest = max(whole, key=lambda folder: int(folder.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def _is_complete(checkpoint: Path) -> bool:
    """The trainer's state is written last: after a kill or on a full disk it is missing or incomplete."""
    try:
        json.loads((checkpoint / TRAINER_STATE).read_bytes())
    except (OSError, ValueError):
        return False
    return True


def finish_run(trainer: Trainer, run: Run, save: Callable[[Path], None], counts: Mapping[str, int]) -> None:
    """Writes the report, and the artifact by `save`. One of several processes writes, and all wait for it."""
    if trainer.is_world_process_zero():
        write_run_report(run, trainer.state.log_history, counts)
        save(run.artifact)
        shutil.rmtree(run.checkpoints, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
