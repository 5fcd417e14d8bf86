from pathlib import Path

import pytest

from finetune.errors import NothingToLearn
from finetune.training.retriever.linear import MapOptions
from finetune.training.retriever.mapping import train_map
from finetune.training.retriever.material import Material
from finetune.training.run import Run
from retrieval.encoders.mapped import MappedEncoder, QueryMap
from tests.retrieval.fakes import HashingEncoder

OPTIONS = MapOptions(pull=0.1, hold=0.0, learning_rate=1e-2, steps=60, batch=32, interval=20)


def nothing(done: int, total: int) -> None:
    """Reports no progress."""


def test_a_run_leaves_a_map_that_finds_what_is_meant(
    known: Material, unknown: Material, tmp_path: Path
) -> None:
    encoder = HashingEncoder()
    done: list[tuple[int, int]] = []
    run = Run.begin(tmp_path / "run", OPTIONS.record())
    learnt = train_map(
        run, encoder, known, unknown, OPTIONS, tmp_path / "cache", lambda *steps: done.append(steps)
    )
    assert learnt.looks[0].score < learnt.best.score == 1
    assert run.finished
    assert done[-1][1] == OPTIONS.steps
    assert list(run.tensorboard.iterdir())
    assert "nDCG@5" in run.report.read_text(encoding="utf-8")
    mapped = MappedEncoder(encoder, QueryMap.read(run.artifact / "map.safetensors"))
    (noise,), (question,) = encoder.encode(["noise"]), mapped.encode_questions(["din"])
    assert question @ noise > 0.05


def test_without_questions_there_is_nothing_to_learn(material: Material, tmp_path: Path) -> None:
    nobody = material.only(lambda question: False)
    with pytest.raises(NothingToLearn):
        train_map(
            Run.begin(tmp_path / "run", {}), HashingEncoder(), nobody, nobody, OPTIONS, tmp_path, nothing
        )


def test_the_passages_are_embedded_once_and_the_same_is_learnt(
    known: Material, unknown: Material, tmp_path: Path
) -> None:
    encoder = HashingEncoder()
    for name in ("one", "two"):
        encoder.read.clear()
        train_map(
            Run.begin(tmp_path / name, {}), encoder, known, unknown, OPTIONS, tmp_path / "cache", nothing
        )
    assert set(encoder.read) == {*known.texts, *unknown.texts}
    one, two = (tmp_path / name / "artifact" / "map.safetensors" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
