"""The query map learns, stops in time, and leaves the level of scores where it was."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finetune.errors import NothingToLearn
from finetune.training.options import MapOptions
from finetune.training.retriever.data import RetrieverData
from finetune.training.retriever.query_map import MapQuestions, fit_map, train_query_map
from finetune.training.run import Run
from retrieval.encoders.base import Vectors
from retrieval.encoders.query_map import MappedEncoder, QueryMap
from tests.retrieval.fakes import HashingEncoder

DIMENSION, COUNT, SEEN = 8, 200, 160
OPTIONS = MapOptions(pull=0.1, hold=0.0, learning_rate=1e-2, steps=120, batch=64, interval=20)


def unit(rows: Vectors) -> Vectors:
    lengths: Vectors = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / lengths).astype(np.float32)


@pytest.fixture
def passages() -> Vectors:
    return unit(np.random.default_rng(1).normal(size=(COUNT, DIMENSION)))


@pytest.fixture
def questions(passages: Vectors) -> Vectors:
    """People ask in words of their own: each question is its passage with the dimensions the other way round."""
    return np.ascontiguousarray(passages[:, ::-1])


def asked(questions: Vectors, rows: slice) -> MapQuestions:
    numbers = range(COUNT)[rows]
    return MapQuestions(questions[rows], [[n] for n in numbers], [[(n + 1) % COUNT] for n in numbers])


def nearness(questions: Vectors, passages: Vectors, matrix: Vectors) -> float:
    """The mean cosine of the questions that nothing was learnt from and their passages."""
    mapped = unit(questions[SEEN:] @ matrix)
    return float((mapped * passages[SEEN:]).sum(axis=1).mean())


def nothing(done: int, total: int) -> None:
    """Reports no progress."""


def test_it_learns_what_holds_for_questions_it_never_saw(questions: Vectors, passages: Vectors) -> None:
    seen = asked(questions, slice(0, SEEN))
    learnt = fit_map(seen, passages, lambda w: nearness(questions, passages, w), OPTIONS, nothing)
    assert learnt.looks[0].score < 0.3
    assert learnt.best.score == nearness(questions, passages, learnt.matrix) > 0.8


def test_where_nothing_is_better_it_stays_the_identity(questions: Vectors, passages: Vectors) -> None:
    learnt = fit_map(asked(questions, slice(0, SEEN)), passages, lambda w: 0.5, OPTIONS, nothing)
    assert (learnt.matrix == np.eye(DIMENSION)).all()
    assert [look.step for look in learnt.looks] == [0, 20, 40, 60], "three looks without a better one"


def test_the_best_is_kept_not_the_last(questions: Vectors, passages: Vectors) -> None:
    scores = iter([0.1, 0.9, 0.2, 0.2, 0.2])
    learnt = fit_map(asked(questions, slice(0, SEEN)), passages, lambda w: next(scores), OPTIONS, nothing)
    assert (learnt.best.step, learnt.looks[-1].step) == (20, 80)


def test_a_strong_pull_changes_little(questions: Vectors, passages: Vectors) -> None:
    steps = iter(range(100))
    pulled, free = (
        fit_map(
            asked(questions, slice(0, SEEN)),
            passages,
            lambda w: next(steps),
            replace(OPTIONS, pull=pull),
            nothing,
        )
        for pull in (100.0, 0.0)
    )
    identity = np.eye(DIMENSION)
    assert np.linalg.norm(pulled.matrix - identity) < 0.2 * np.linalg.norm(free.matrix - identity)


def test_the_level_of_scores_stays_for_what_is_no_answer(questions: Vectors, passages: Vectors) -> None:
    seen = asked(questions, slice(0, SEEN))
    wrong = passages[[rows[0] for rows in seen.negatives]]
    drifts = []
    for hold in (0.0, 1.0):
        options = replace(OPTIONS, hold=hold, pull=0.0)
        learnt = fit_map(seen, passages, lambda w: float(np.abs(w).sum()), options, nothing)
        level = ((questions[:SEEN] @ learnt.matrix - questions[:SEEN]) * wrong).sum(axis=1)
        drifts.append(float(np.abs(level).mean()))
    assert drifts[1] < 0.7 * drifts[0]


def test_the_same_seed_learns_the_same(questions: Vectors, passages: Vectors) -> None:
    first, second = (
        fit_map(
            asked(questions, slice(0, SEEN)),
            passages,
            lambda w: float(np.abs(w).sum()),
            replace(OPTIONS, steps=40),
            nothing,
        )
        for _ in range(2)
    )
    assert (first.matrix == second.matrix).all()


def test_a_question_without_negatives_learns_from_the_others_in_its_batch(
    questions: Vectors, passages: Vectors
) -> None:
    bare = MapQuestions(questions[:SEEN], [[n] for n in range(SEEN)], [[]] * SEEN)
    learnt = fit_map(bare, passages, lambda w: nearness(questions, passages, w), OPTIONS, nothing)
    assert learnt.best.score > 0.8
    alone = MapQuestions(questions[:1], [[0]], [[]])
    assert np.isfinite(fit_map(alone, passages, lambda w: 0.0, OPTIONS, nothing).matrix).all()


RUN_OPTIONS = MapOptions(pull=0.1, hold=0.0, learning_rate=1e-2, steps=60, batch=32, interval=20)


def ignore_steps(done: int, total: int) -> None:
    """Reports no progress."""


def test_a_run_leaves_a_map_that_finds_what_is_meant(
    known: RetrieverData, unknown: RetrieverData, tmp_path: Path
) -> None:
    encoder = HashingEncoder()
    done: list[tuple[int, int]] = []
    run = Run.begin(tmp_path / "run", RUN_OPTIONS.record())
    learnt = train_query_map(
        run, encoder, known, unknown, RUN_OPTIONS, tmp_path / "cache", lambda *steps: done.append(steps)
    )
    assert learnt.looks[0].score < learnt.best.score == 1
    assert run.finished
    assert done[-1][1] == RUN_OPTIONS.steps
    assert list(run.tensorboard.iterdir())
    assert "nDCG@5" in run.report.read_text(encoding="utf-8")
    mapped = MappedEncoder(encoder, QueryMap.read(run.artifact / "map.safetensors"))
    (noise,), (question,) = encoder.encode(["noise"]), mapped.encode_questions(["din"])
    assert question @ noise > 0.05


def test_without_questions_there_is_nothing_to_learn(material: RetrieverData, tmp_path: Path) -> None:
    nobody = material.only(lambda question: False)
    with pytest.raises(NothingToLearn):
        train_query_map(
            Run.begin(tmp_path / "run", {}),
            HashingEncoder(),
            nobody,
            nobody,
            RUN_OPTIONS,
            tmp_path,
            ignore_steps,
        )


def test_the_passages_are_embedded_once_and_the_same_is_learnt(
    known: RetrieverData, unknown: RetrieverData, tmp_path: Path
) -> None:
    encoder = HashingEncoder()
    for name in ("one", "two"):
        encoder.read.clear()
        train_query_map(
            Run.begin(tmp_path / name, {}),
            encoder,
            known,
            unknown,
            RUN_OPTIONS,
            tmp_path / "cache",
            ignore_steps,
        )
    assert set(encoder.read) == {*known.texts, *unknown.texts}
    one, two = (tmp_path / name / "artifact" / "map.safetensors" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
