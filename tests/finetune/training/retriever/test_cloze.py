import pytest

from finetune.training.retriever.cloze import REMOVED, cloze_rows

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
    assert sum(row["positive"] != TEXT for row in rows) / len(rows) == pytest.approx(REMOVED, abs=0.03)


def test_a_text_of_one_sentence_and_titles_teach_nothing() -> None:
    assert list(cloze_rows(["The pump is quiet at night.", "", "Pumps\nFilters\nLeaks"], seed=1)) == []


def test_chinese_sentences_are_sentences() -> None:
    (row,) = cloze_rows(["热泵在夜间非常安静。滤网每年春天清洗一次。"], seed=1, each=1)
    assert row["question"] in ("热泵在夜间非常安静。", "滤网每年春天清洗一次。")
