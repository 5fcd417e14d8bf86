"""Steps are counted beforehand: schedules and AdaLoRA need their number."""

from pathlib import Path

import pytest

from finetune.training.options import TrainingOptions
from finetune.training.run import Run
from finetune.training.trainer_setup import last_checkpoint, make_schedule, trainer_arguments


def checkpoint(run: Run, step: int, state: str | None) -> None:
    """state: what stands in the file that comes last; None if it did not come to that."""
    folder = run.checkpoints / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    if state is not None:
        (folder / "trainer_state.json").write_text(state)


@pytest.mark.parametrize(
    ("examples", "epochs", "steps"), [(64, 1, 4), (65, 1, 5), (64, 2.5, 10), (3, 1, 1), (64, 0.01, 1)]
)
def test_steps_are_whole_batches_of_whole_epochs(examples: int, epochs: float, steps: int) -> None:
    assert make_schedule(examples, TrainingOptions(epochs=epochs, batch=8, accumulation=2)).steps == steps


def test_evaluations_are_spread_over_the_run() -> None:
    assert make_schedule(1600, TrainingOptions(evaluations=8)).interval == 12
    assert make_schedule(1, TrainingOptions(evaluations=8)).interval == 1


def test_without_validation_the_last_state_is_kept(tmp_path: Path) -> None:
    run, options = Run.begin(tmp_path, {}), TrainingOptions()
    plan = make_schedule(100, options)
    assert "eval_strategy" not in trainer_arguments(run, options, plan, validated=False)
    assert trainer_arguments(run, options, plan, validated=True)["load_best_model_at_end"]


def test_a_killed_run_goes_on_from_its_newest_checkpoint(tmp_path: Path) -> None:
    run = Run.begin(tmp_path, {})
    assert last_checkpoint(run) is None
    for step in (2, 10, 8):
        checkpoint(run, step, "{}")
    assert last_checkpoint(run) == str(run.checkpoints / "checkpoint-10")


@pytest.mark.parametrize("state", [None, "", '{"epoch": 1'])
def test_a_checkpoint_that_was_being_written_is_passed_over(tmp_path: Path, state: str | None) -> None:
    run = Run.begin(tmp_path, {})
    checkpoint(run, 10, state)
    assert last_checkpoint(run) is None
    checkpoint(run, 8, "{}")
    assert last_checkpoint(run) == str(run.checkpoints / "checkpoint-8")
