"""Adds to what a trainer logs how long its steps took, and how many tokens a second that is.

Evaluations and checkpoints do not count. The time goes on where a killed run's checkpoint left it. Knows no model.
"""

from time import perf_counter
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

SPENT = "seconds"
"""Of all steps since the beginning of the run."""
SPEED = "tokens_per_second"
"""Since the last entry that says it; only of trainers that count tokens, as TRL's do."""


class Clock(TrainerCallback):
    def __init__(self) -> None:
        self._begun = 0.0
        self._spent = 0.0
        self._told = (0.0, 0)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        """Trainers count tokens from 0 again when they go on."""
        self._spent = max((entry.get(SPENT, 0.0) for entry in state.log_history), default=0.0)
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
        measured = {SPENT: self._spent, **self._speed(logs.get("num_tokens"))}
        logs.update(measured)
        state.log_history[-1].update(measured)

    def _speed(self, tokens: float | None) -> dict[str, float]:
        if tokens is None:
            return {}
        (spent, before), self._told = self._told, (self._spent, int(tokens))
        return {SPEED: (tokens - before) / (self._spent - spent)} if self._spent > spent else {}
