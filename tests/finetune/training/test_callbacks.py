"""Steps are timed, and only steps."""

import time

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from finetune.training.callbacks import SpeedCallback

CONTROL = TrainerControl()


class Rehearsal:
    """Calls a clock as a trainer does."""

    def __init__(self, args: TrainingArguments, history=()) -> None:
        self.clock, self.args = SpeedCallback(), args
        self.state = TrainerState(log_history=list(history))
        self.clock.on_train_begin(args, self.state, CONTROL)

    def step(self, seconds: float) -> None:
        self.clock.on_step_begin(self.args, self.state, CONTROL)
        time.sleep(seconds)
        self.clock.on_step_end(self.args, self.state, CONTROL)

    def log(self, **logs) -> dict[str, float]:
        self.state.log_history.append({**logs})
        self.clock.on_log(self.args, self.state, CONTROL, logs=logs)
        assert self.state.log_history[-1] == logs
        return logs


@pytest.fixture
def args(tmp_path) -> TrainingArguments:
    return TrainingArguments(str(tmp_path), use_cpu=True, report_to=[])


def test_only_steps_count(args: TrainingArguments) -> None:
    rehearsal = Rehearsal(args)
    rehearsal.step(0.05)
    time.sleep(0.2)
    rehearsal.step(0.05)
    assert 0.1 <= rehearsal.log(loss=1.0)["seconds"] < 0.2


def test_speed_is_that_since_the_last_entry(args: TrainingArguments) -> None:
    rehearsal = Rehearsal(args)
    rehearsal.step(0.05)
    first = rehearsal.log(loss=1.0, num_tokens=100.0)
    rehearsal.step(0.05)
    second = rehearsal.log(loss=1.0, num_tokens=400.0)
    assert first["tokens_per_second"] == pytest.approx(100 / first["seconds"])
    assert second["tokens_per_second"] == pytest.approx(300 / (second["seconds"] - first["seconds"]))


def test_evaluations_say_nothing_of_speed(args: TrainingArguments) -> None:
    assert Rehearsal(args).log(eval_loss=1.0) == {"eval_loss": 1.0}


def test_trainers_that_count_no_tokens_are_timed(args: TrainingArguments) -> None:
    rehearsal = Rehearsal(args)
    rehearsal.step(0.01)
    assert rehearsal.log(loss=1.0).keys() == {"loss", "seconds"}


def test_a_run_that_goes_on_counts_on(args: TrainingArguments) -> None:
    rehearsal = Rehearsal(args, [{"loss": 1.0, "seconds": 500.0}, {"eval_loss": 1.0}])
    rehearsal.step(0.05)
    logged = rehearsal.log(loss=1.0, num_tokens=50.0)
    assert 500.05 <= logged["seconds"] < 500.5
    assert logged["tokens_per_second"] == pytest.approx(50 / (logged["seconds"] - 500.0))
