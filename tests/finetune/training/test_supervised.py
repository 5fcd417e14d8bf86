"""Supervised runs on a tiny model: what they leave, how they end, how they go on after a kill."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainerCallback
from transformers.trainer_utils import set_seed

from finetune.errors import NothingToLearn, UnusableBase
from finetune.training.options import TrainingOptions
from finetune.training.run import Run
from finetune.training.sft_data import SftExample
from finetune.training.supervised import train_supervised

pytestmark = pytest.mark.slow

EXAMPLES = [SftExample(({"role": "user", "content": f"Say {n % 4}"},), f"word {n % 4}") for n in range(16)]
NONSENSE = [replace(example, reply="zq" * 9) for example in EXAMPLES[:4]]
OPTIONS = TrainingOptions(
    learning_rate=1e-2, epochs=3, batch=4, accumulation=1, evaluations=3, rank=4, precision="fp32"
)


class Losses(TrainerCallback):
    def __init__(self) -> None:
        self.training: list[float] = []
        self.validation: list[float] = []
        self.steps: list[int] = []

    def on_log(self, args, state, control, logs, **more):
        if "loss" in logs:
            self.training.append(logs["loss"])
        if "eval_loss" in logs:
            self.validation.append(logs["eval_loss"])

    def on_step_end(self, args, state, control, **more):
        self.steps.append(state.global_step)


class Killed(TrainerCallback):
    """Dies right after the second checkpoint."""

    def on_save(self, args, state, control, **more):
        if state.global_step >= 8:
            raise KeyboardInterrupt


def train(folder: Path, base: Path, *callbacks, options=OPTIONS, validation=EXAMPLES[:4], parent=None) -> Run:
    run = Run.begin(folder, {"options": options.record()})
    train_supervised(run, base, EXAMPLES, validation, options, parent=parent, callbacks=callbacks)
    return run


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.artifact / "adapter_model.safetensors")


@pytest.mark.parametrize("method", ["lora", "adalora"])
def test_a_run_learns_and_leaves_an_adapter(method: str, base: Path, tmp_path: Path) -> None:
    losses = Losses()
    options = replace(OPTIONS, method=method, learning_rate=5e-2 if method == "adalora" else 1e-2)
    run = train(tmp_path / "run", base, losses, options=options)
    assert losses.training[-1] < losses.training[0]
    assert losses.validation[-1] < losses.validation[0]
    assert run.finished and any(tensor.abs().max() > 0 for tensor in weights(run).values())


def test_a_finished_run_keeps_its_curves_and_no_checkpoints(base: Path, tmp_path: Path) -> None:
    run = train(tmp_path / "run", base)
    assert {path.name for path in run.folder.iterdir()} == {
        "run.json",
        "tensorboard",
        "artifact",
        "report.html",
    }
    assert list(run.tensorboard.glob("events.*"))
    page = run.report.read_text("utf-8")
    assert "<polyline" in page and "Tokens a second" in page and "learning_rate" in page


def test_a_killed_run_goes_on_to_the_same_end(base: Path, tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", base)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "killed", base, Killed())
    set_seed(999)  # another process has drawn other numbers
    later = Losses()
    killed = train(tmp_path / "killed", base, later)
    assert later.steps == [9, 10, 11, 12]
    expected = weights(whole)
    for name, tensor in weights(killed).items():
        torch.testing.assert_close(tensor, expected[name], rtol=0, atol=0)


def test_a_killed_run_with_allocated_ranks_goes_on(base: Path, tmp_path: Path) -> None:
    options = replace(OPTIONS, method="adalora", rank=2, epochs=6, evaluations=6)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", base, Killed(), options=options)
    kept = [
        int((tensor != 0).sum())
        for name, tensor in weights(train(tmp_path / "run", base, options=options)).items()
        if "lora_E" in name
    ]
    assert len(kept) == 14 and sum(kept) == 2 * 14


def test_a_run_ends_early_when_validation_gets_worse_and_keeps_its_best_state(
    base: Path, tmp_path: Path
) -> None:
    losses, again = Losses(), Losses()
    options = replace(OPTIONS, epochs=20, evaluations=20, patience=2, learning_rate=3e-2)
    run = train(tmp_path / "run", base, losses, options=options, validation=NONSENSE)
    assert losses.steps[-1] < 80
    still = replace(OPTIONS, learning_rate=0.0, epochs=1, evaluations=1)
    train(tmp_path / "again", base, again, options=still, validation=NONSENSE, parent=run.artifact)
    assert again.validation[0] == pytest.approx(min(losses.validation), rel=0.02)
    assert again.validation[0] < losses.validation[-1]


def test_an_adapter_is_trained_further(base: Path, tmp_path: Path) -> None:
    first = train(tmp_path / "first", base)
    losses = Losses()
    train(tmp_path / "second", base, losses, parent=first.artifact)
    fresh = Losses()
    train(tmp_path / "fresh", base, fresh)
    assert losses.training[0] < fresh.training[0]


def test_the_seed_decides_what_is_drawn(base: Path, tmp_path: Path) -> None:
    one, same = (train(tmp_path / name, base, validation=()) for name in ("one", "same"))
    other = train(tmp_path / "other", base, options=replace(OPTIONS, seed=18), validation=())
    name = next(name for name in weights(one) if "lora_A" in name)
    assert torch.equal(weights(one)[name], weights(same)[name])
    assert not torch.equal(weights(one)[name], weights(other)[name])


@pytest.mark.parametrize(
    "changed",
    [{"noise": 5.0}, {"dropout": 0.1}, {"precision": "bf16"}, {"layers": 1}, {"longest": 32}],
    ids=lambda changed: next(iter(changed)),
)
def test_what_may_be_chosen_works(changed, base: Path, tmp_path: Path) -> None:
    losses = Losses()
    train(tmp_path / "run", base, losses, options=replace(OPTIONS, epochs=2, **changed))
    assert losses.training[-1] < losses.training[0]


def test_a_base_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableBase):
        train(tmp_path / "run", tmp_path)


def test_examples_that_would_be_cut_are_left_out_and_counted(base: Path, tmp_path: Path) -> None:
    long = [replace(example, reply="word " * 40) for example in EXAMPLES[:3]]
    run = Run.begin(tmp_path / "run", {})
    train_supervised(run, base, [*EXAMPLES, *long], EXAMPLES[:4], replace(OPTIONS, longest=100))
    assert "<td>left out because they are too long</td><td>3</td>" in run.report.read_text("utf-8")


def test_without_an_example_that_fits_there_is_nothing_to_learn(base: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingToLearn, match="longest"):
        train_supervised(Run.begin(tmp_path / "run", {}), base, EXAMPLES, [], replace(OPTIONS, longest=3))
