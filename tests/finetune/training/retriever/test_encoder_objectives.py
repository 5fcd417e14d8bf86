"""Rows of the three objectives: contrastive, inverse cloze, distillation."""

from pathlib import Path

import pytest

from finetune.training.options import EncoderOptions
from finetune.training.retriever.data import RetrieverData
from finetune.training.retriever.encoder_objectives import (
    REMOVED_SHARE,
    cloze_rows,
    contrastive_rows,
    distillation_loss,
    distillation_rows,
    encoder_validation,
)
from finetune.training.retriever.encoder_training import EncoderValidation, train_encoder
from finetune.training.run import Run
from tests.retrieval.fakes import HashingEncoder


def test_a_row_is_a_question_an_answer_and_what_was_mistaken_for_one(material: RetrieverData) -> None:
    first = next(contrastive_rows(material, material.negatives(), EncoderOptions(negatives=1)))
    assert first == {
        "question": "cellar first din",
        "positive": "cellar first noise",
        "negative_1": "cellar first",
    }


def test_all_rows_have_the_same_columns_and_no_positive_is_borrowed(material: RetrieverData) -> None:
    nothing_mined: list[list[int]] = [[] for _ in material.questions]
    rows = list(contrastive_rows(material, nothing_mined, EncoderOptions(negatives=3)))
    assert len(rows) == len(material.questions)
    for row in rows:
        borrowed = [row[f"negative_{n}"] for n in (1, 2, 3)]
        assert len({row["positive"], *borrowed}) == 4


def test_so_many_positives_of_a_question_have_rows(material: RetrieverData) -> None:
    everything = {q.id: dict.fromkeys(material.searches.relevant[q.id] | {}, 1) for q in material.questions}
    first = material.questions[0].id
    everything[first] = {passage.id: 1 for passage in material.searches.corpus[:9]}
    many = RetrieverData(
        type(material.searches)("many", material.searches.corpus, material.questions, everything), {}
    )
    rows = list(
        contrastive_rows(many, [[] for _ in many.questions], EncoderOptions(positives=4, negatives=1))
    )
    assert sum(row["question"] == "cellar first din" for row in rows) == 4


def test_the_same_seed_draws_the_same(material: RetrieverData) -> None:
    negatives = [list(range(10, 30)) for _ in material.questions]
    one, two, other = (
        list(contrastive_rows(material, negatives, EncoderOptions(seed=seed))) for seed in (1, 1, 2)
    )
    assert one == two != other


def test_a_trial_searches_among_answers_and_what_was_mistaken_for_them(material: RetrieverData) -> None:
    few = material.only(lambda question: question.question.startswith("attic"))
    trial = encoder_validation(few, few.negatives())
    assert len(trial.questions) == 5
    assert sorted(trial.passages.values()) == sorted(
        f"attic {order}{word}"
        for order in ("first", "second", "third", "fourth", "fifth")
        for word in ("", " noise")
    )
    assert trial.relevant.keys() == trial.questions.keys()


TEXT = "Heat pumps\nThe pump is quiet at night. The filter is washed every spring. Call us when it leaks."


def test_a_sentence_asks_for_the_rest_of_its_passage() -> None:
    rows = [row for seed in range(40) for row in cloze_rows([TEXT], seed)]
    assert {row["question"] for row in rows} == {
        "The pump is quiet at night.",
        "The filter is washed every spring.",
        "Call us when it leaks.",
    }
    for row in rows:
        assert row["positive"] == TEXT or row["question"] not in row["positive"]
    assert any(
        row["positive"] == "Heat pumps\nThe pump is quiet at night. Call us when it leaks." for row in rows
    )


def test_now_and_then_the_sentence_stays() -> None:
    rows = list(cloze_rows([TEXT] * 1000, seed=3, each=1))
    assert sum(row["positive"] != TEXT for row in rows) / len(rows) == pytest.approx(REMOVED_SHARE, abs=0.03)


def test_a_text_of_one_sentence_and_titles_teach_nothing() -> None:
    assert list(cloze_rows(["The pump is quiet at night.", "", "Pumps\nFilters\nLeaks"], seed=1)) == []


def test_chinese_sentences_are_sentences() -> None:
    (row,) = cloze_rows(["热泵在夜间非常安静。滤网每年春天清洗一次。"], seed=1, each=1)
    assert row["question"] in ("热泵在夜间非常安静。", "滤网每年春天清洗一次。")


OPTIONS = EncoderOptions(learning_rate=5e-3, epochs=2, batch=8, negatives=1)


def test_the_label_is_the_teachers_margin(material: RetrieverData) -> None:
    teacher = HashingEncoder()
    row = next(distillation_rows(material, material.negatives(), teacher, OPTIONS))
    question, better, worse = teacher.encode([row["question"], row["positive"], row["negative"]])
    assert row["label"] == pytest.approx(question @ better - question @ worse, abs=1e-6)


def test_the_teacher_reads_each_text_once(material: RetrieverData) -> None:
    teacher = HashingEncoder()
    list(distillation_rows(material, material.negatives(), teacher, OPTIONS))
    assert len(teacher.read) == len(set(teacher.read))


def test_a_question_without_negatives_has_no_row(material: RetrieverData) -> None:
    nothing: list[list[int]] = [[] for _ in material.questions]
    assert list(distillation_rows(material, nothing, HashingEncoder(), OPTIONS)) == []


@pytest.mark.slow
def test_a_student_is_trained_on_the_rows(material: RetrieverData, tiny: Path, tmp_path: Path) -> None:
    rows = list(distillation_rows(material, material.negatives(), HashingEncoder(), OPTIONS))
    run = Run.begin(tmp_path / "run", OPTIONS.record())
    train_encoder(run, tiny, rows, distillation_loss, EncoderValidation({}, {}, {}), OPTIONS)
    assert (run.artifact / "encoder" / "model.safetensors").is_file()
