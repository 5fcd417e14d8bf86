from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from finetune.errors import NothingToLearn
from finetune.training.options import EncoderOptions
from finetune.training.retriever.data import RetrieverData
from finetune.training.retriever.encoder_objectives import (
    contrastive_loss,
    contrastive_rows,
    encoder_validation,
)
from finetune.training.retriever.encoder_training import EncoderValidation, TrainingRow, train_encoder
from finetune.training.run import Run
from retrieval.encoders.loading import load_encoder

pytestmark = pytest.mark.slow

OPTIONS = EncoderOptions(learning_rate=5e-3, epochs=6, batch=8, at_once=4, evaluations=3, negatives=1)
NO_TRIAL = EncoderValidation({}, {}, {})


class Killed(TrainerCallback):
    """Kills the run at its first checkpoint."""

    def on_save(self, args, state, control, **kwargs):
        raise KeyboardInterrupt


class Steps(TrainerCallback):
    def __init__(self) -> None:
        self.begun: list[int] = []

    def on_train_begin(self, args, state, control, **kwargs):
        self.begun.append(state.global_step)


@pytest.fixture
def rows(known: RetrieverData) -> list[TrainingRow]:
    return list(contrastive_rows(known, known.negatives(), OPTIONS))


@pytest.fixture
def validation(unknown: RetrieverData) -> EncoderValidation:
    return encoder_validation(unknown, unknown.negatives())


def train(
    run: Run,
    tiny: Path,
    rows: list[TrainingRow],
    validation: EncoderValidation,
    options=OPTIONS,
    callbacks=(),
) -> None:
    loss = partial(contrastive_loss, options=options)
    train_encoder(run, tiny, rows, loss, validation, options, callbacks)


def closeness(folder: Path, asked: str, text: str) -> float:
    one, other = SentenceTransformer(str(folder), device="cpu").encode([asked, text])
    return float(one @ other)


def test_a_run_leaves_an_encoder_that_the_bot_can_serve(
    tiny: Path, rows: list[TrainingRow], validation: EncoderValidation, tmp_path: Path
) -> None:
    run = Run.begin(tmp_path / "run", OPTIONS.record())
    train(run, tiny, rows, validation)
    folder = run.artifact / "encoder"
    served = load_encoder("ours", folder)
    texts = ["attic first din", "attic first noise", "attic first"]
    expected = SentenceTransformer(str(folder), device="cpu").encode(texts)
    assert (served.encode(texts) * expected).sum(1) == pytest.approx(np.ones(3), abs=1e-2)
    assert served.fingerprint != load_encoder("theirs", tiny).fingerprint
    assert list(run.tensorboard.iterdir())
    assert str(tmp_path) not in "".join(path.read_text("utf-8") for path in folder.rglob("*.json"))


def test_what_it_learns_is_what_the_questions_mean(
    tiny: Path, rows: list[TrainingRow], tmp_path: Path
) -> None:
    run = Run.begin(tmp_path / "run", OPTIONS.record())
    train(run, tiny, rows, NO_TRIAL)
    gains = [
        closeness(folder, "garden fifth din", "garden fifth noise")
        - closeness(folder, "garden fifth din", "garden fifth")
        for folder in (tiny, run.artifact / "encoder")
    ]
    assert gains[1] > gains[0] + 0.1


def test_a_killed_run_goes_on_where_it_was(
    tiny: Path, rows: list[TrainingRow], validation: EncoderValidation, tmp_path: Path
) -> None:
    run, steps = Run.begin(tmp_path / "run", OPTIONS.record()), Steps()
    with pytest.raises(KeyboardInterrupt):
        train(run, tiny, rows, validation, callbacks=[Killed()])
    assert not run.finished
    train(run, tiny, rows, validation, callbacks=[steps])
    assert run.finished
    assert steps.begun[0] > 0


def test_a_text_is_read_as_long_as_before(tiny: Path, rows: list[TrainingRow], tmp_path: Path) -> None:
    run = Run.begin(tmp_path / "run", {})
    train(run, tiny, rows[:8], NO_TRIAL, replace(OPTIONS, longest=4, epochs=1))
    trained, base = (SentenceTransformer(str(folder)) for folder in (run.artifact / "encoder", tiny))
    assert trained.max_seq_length == base.max_seq_length


def test_without_rows_there_is_nothing_to_learn(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingToLearn):
        train(Run.begin(tmp_path / "run", {}), tiny, [], NO_TRIAL)
