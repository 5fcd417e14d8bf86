import pytest

from finetune.evaluation.scores import NO_SHARE, Result, Scored, rows_of, share
from tests.finetune.evaluation.results import result


def test_a_row_holds_each_measure_with_the_ends_of_its_interval():
    row = result("base", [0.0, 1.0, 1.0, 1.0], bleu=0.25).row()
    assert row["n"] == 4
    assert row["token_f1"] == 0.75
    assert row["token_f1_low"] < 0.75 < row["token_f1_high"]
    assert row["bleu"] == 0.25
    assert "bleu_low" not in row


def test_examples_that_do_not_count_for_a_measure_are_left_out_of_it():
    assert result("base", [0.2, None, 0.4]).value("token_f1") == pytest.approx(0.3)
    assert result("base", [None]).row()["token_f1"] is None


def test_a_value_of_the_whole_set_is_found_by_its_name_too():
    assert result("base", [0.2], bytes=98.0).value("bytes") == 98
    assert result("base", [0.2]).value("bytes") is None


def test_figures_of_the_whole_set_can_be_added():
    assert result("base", [0.2], bleu=0.1).with_whole(bytes=5).whole == {"bleu": 0.1, "bytes": 5}


def test_an_empty_set_gives_a_row_without_measures():
    assert rows_of([Result("answer", "s", "base", ())]) == [{"set": "s", "system": "base", "n": 0}]


def test_the_label_stands_in_the_row_and_tells_results_apart():
    scored = (Scored("a:b:c", "a:b", "Q?", "A", {"recall_at_5": share(1.0), "ndcg_at_5": NO_SHARE}),)
    raw, human = (Result("retrieve", "cloud", "base", scored, {"form": form}) for form in ("raw", "human"))
    assert raw.key != human.key
    assert raw.row()["form"] == "raw"
