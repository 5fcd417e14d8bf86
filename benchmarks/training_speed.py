"""Tokens per second and peak memory of our supervised training, compared with TRL's SFTTrainer and its defaults.

    python -m benchmarks.training_speed [--base NAME|FILE|FOLDER] [--data FILE] [--steps 20] [--json FILE]

Both train on the same rewriting examples with the same LoRA and batches, each in its own process, one after the other.
TRL runs with its defaults: weights in float32 under bf16 autocast, gradient checkpointing, examples in random order.
Tokens are counted without padding, and only the time of training steps counts. The peak is that of the whole process,
loading included, or of the accelerator's memory.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from typing import Any

import torch
from datasets import Dataset
from rich.console import Console
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from benchmarks.weights import folder_called
from finetune.evaluation.results import Cell, ResultRow, results_table, write_results
from finetune.examples import RewritingExample, read_examples
from finetune.training.adapters import adapter_config, load_base_model
from finetune.training.callbacks import SECONDS_SPENT, SpeedCallback
from finetune.training.options import TrainingOptions
from finetune.training.run import Run
from finetune.training.sft_data import SftExample, sft_examples
from finetune.training.supervised import train_supervised

DATA = Path("../shared/data/rewriting/train.jsonl.gz")
SIDES = ("ours", "TRL's defaults")


@dataclass(frozen=True, slots=True)
class Task:
    base: Path
    data: Path
    steps: int
    options: TrainingOptions

    @property
    def examples(self) -> list[SftExample]:
        wanted = self.steps * self.options.batch * self.options.accumulation
        return list(sft_examples(read_examples(self.data, RewritingExample, wanted)))


class FiguresCallback(TrainerCallback):
    """Keeps the figures that the trainer logged last."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}

    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        for entry in state.log_history:
            self.figures.update(
                {name: entry[name] for name in (SECONDS_SPENT, "num_tokens") if name in entry}
            )


def ours(task: Task, folder: Path, figures_callback: FiguresCallback) -> None:
    run = Run.begin(folder, task.options.record())
    train_supervised(run, task.base, task.examples, (), task.options, callbacks=[figures_callback])


def with_trl(task: Task, folder: Path, figures_callback: FiguresCallback) -> None:
    """Defaults but for what the comparison needs: the same examples, LoRA and batches; no files, every step logged."""
    model, tokenizer = load_base_model(task.base, "fp32")
    rows = [
        {"prompt": list(example.prompt), "completion": [{"role": "assistant", "content": example.reply}]}
        for example in task.examples
    ]
    SFTTrainer(
        model=model,
        args=SFTConfig(
            str(folder),
            use_cpu=not torch.accelerator.is_available(),
            report_to=[],
            save_strategy="no",
            logging_steps=1,
            disable_tqdm=True,
            max_steps=task.steps,
            per_device_train_batch_size=task.options.batch,
            gradient_accumulation_steps=task.options.accumulation,
        ),
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(rows),
        peft_config=adapter_config(task.options, model.config, task.steps),
        callbacks=[SpeedCallback(), figures_callback],
    ).train()


def measure(task: Task, side: str) -> dict[str, float]:
    """Train in this process: tokens, seconds of training steps, MiB at the peak."""
    figures_callback = FiguresCallback()
    train = ours if side == SIDES[0] else with_trl
    with TemporaryDirectory() as folder:
        train(task, Path(folder) / "run", figures_callback)
    return {
        "tokens": figures_callback.figures["num_tokens"],
        "seconds": figures_callback.figures[SECONDS_SPENT],
        "MiB": _peak(),
    }


def _peak() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return getrusage(RUSAGE_SELF).ru_maxrss / 2**10


def measure_in_subprocess(arguments: Sequence[str], side: str) -> dict[str, float]:
    """The same in a subprocess, which prints the figures as its last line."""
    command = [sys.executable, "-m", "benchmarks.training_speed", *arguments, "--side", side]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(output.splitlines()[-1]))


def rows_of(figures: Sequence[dict[str, float]]) -> list[ResultRow]:
    """A row for each side, and one with the ratio of the first to the second."""
    named: list[dict[str, Cell]] = [
        {
            "side": side,
            "tokens": int(found["tokens"]),
            "seconds": round(found["seconds"], 1),
            "tokens per second": round(found["tokens"] / found["seconds"], 1),
            "peak MiB": round(found["MiB"]),
        }
        for side, found in zip(SIDES, figures, strict=True)
    ]
    ratios: dict[str, Cell] = {"side": "ratio"}
    for name in ("tokens per second", "peak MiB"):
        first, second = (float(row[name] or 0) for row in named)
        ratios[name] = f"{first / second:.2f}"
    return [*named, ratios]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--base", default="smollm2-135m-instruct", help="name, GGUF file or folder")
    parser.add_argument("--data", type=Path, default=DATA, help="JSON lines of rewriting examples")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    given = parse(arguments)
    base = folder_called(given.base)
    if base is None:
        raise SystemExit(f"{given.base} is no language model.")
    task = Task(base, given.data, given.steps, TrainingOptions(batch=given.batch))
    if given.side:
        sys.stdout.write(json.dumps(measure(task, given.side)) + "\n")
        return
    rows = rows_of(list(map(partial(measure_in_subprocess, arguments), SIDES)))
    Console().print(results_table(rows, f"{given.steps} steps of supervised training on {given.base}"))
    if given.json:
        write_results(rows, given.json)


if __name__ == "__main__":
    main(sys.argv[1:])
