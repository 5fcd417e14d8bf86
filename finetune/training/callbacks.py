"""Trainer callbacks of every run: speed, TensorBoard and early stopping.

The speed leaves out evaluations and checkpoints, and the time continues from the checkpoint when a killed run
resumes.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from transformers import (
    EarlyStoppingCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.integrations import TensorBoardCallback

from finetune.training.run import Run

SECONDS_SPENT = "seconds"
"""The time of all steps since the start of the run."""
TOKENS_PER_SECOND = "tokens_per_second"
"""Since the last entry that has it; only from trainers that count tokens, as TRL's do."""


class SpeedCallback(TrainerCallback):
    def __init__(self) -> None:
        self._begun = 0.0
        self._spent = 0.0
        self._told = (0.0, 0)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        """A trainer that resumes counts tokens from 0 again."""
        self._spent = max((entry.get(SECONDS_SPENT, 0.0) for entry in state.log_history), default=0.0)
        self._told = (self._spent, 0)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        self._begun = perf_counter()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        self._spent += perf_counter() - self._begun

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        measured = {SECONDS_SPENT: self._spent, **self._speed(logs.get("num_tokens"))}
        logs.update(measured)
        state.log_history[-1].update(measured)

    def _speed(self, tokens: float | None) -> dict[str, float]:
        if tokens is None:
            return {}
        (spent, before), self._told = self._told, (self._spent, int(tokens))
        return {TOKENS_PER_SECOND: (tokens - before) / (self._spent - spent)} if self._spent > spent else {}


def run_callbacks(
    run: Run, patience: int | None, callbacks: Sequence[TrainerCallback] = ()
) -> list[TrainerCallback]:
    """`callbacks` and those of every run. patience: evaluations without a better result, None for no early stopping."""
    curves = TensorBoardCallback()
    curves.logging_dir = str(run.tensorboard)
    stopping = [] if patience is None else [EarlyStoppingCallback(patience)]
    return [*callbacks, SpeedCallback(), curves, *stopping]
