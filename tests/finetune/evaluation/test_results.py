"""Scores, comparisons between systems, and results as tables and JSON."""

import json

import numpy as np
import pytest
from rich.console import Console

from finetune.evaluation.results import (
    NO_SHARE,
    EvaluationResult,
    ScoredExample,
    compare,
    result_rows,
    results_table,
    share,
    write_results,
)
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
    assert result_rows([EvaluationResult("answer", "s", "base", ())]) == [
        {"set": "s", "system": "base", "n": 0}
    ]


def test_the_label_stands_in_the_row_and_tells_results_apart():
    scored = (ScoredExample("a:b:c", "a:b", "Q?", "A", {"recall_at_5": share(1.0), "ndcg_at_5": NO_SHARE}),)
    raw, human = (
        EvaluationResult("retrieve", "cloud", "base", scored, {"form": form}) for form in ("raw", "human")
    )
    assert raw.key != human.key
    assert raw.row()["form"] == "raw"


SCORES = list(np.random.default_rng(4).uniform(0, 0.9, 80))
BETTER = [score + 0.02 * (n % 3) for n, score in enumerate(SCORES)]


def test_a_difference_that_the_intervals_hide_shows_in_pairs():
    candidate, live = result("r-new", BETTER), result("live", SCORES)
    assert candidate.row()["token_f1_low"] < live.row()["token_f1_high"]
    (comparison,) = compare([candidate, live], "r-new")
    gain = comparison.gains(live)["token_f1"]
    assert 0.01 < gain.low < gain.value < gain.high < 0.03


def test_gains_turn_round_with_the_systems():
    one, other = result("one", BETTER), result("other", SCORES)
    (ahead,), (behind,) = compare([one, other], "one"), compare([one, other], "other")
    up, down = ahead.gains(other)["token_f1"], behind.gains(one)["token_f1"]
    assert (up.value, up.low) == (pytest.approx(-down.value), pytest.approx(-down.high))


def test_each_set_and_form_has_a_comparison_of_its_own():
    results = [
        result(system, [0.5], task=task, set=name)
        for system in ("r-new", "live", "base")
        for task, name in (("answer", "d"), ("rewrite", "d"), ("answer", "frozen"))
    ]
    found = compare(results, "r-new")
    assert [c.candidate.key for c in found] == [("answer", "d"), ("rewrite", "d"), ("answer", "frozen")]
    assert {tuple(other.system for other in c.others) for c in found} == {("live", "base")}


def test_a_system_that_occurs_twice_counts_once():
    results = [
        result("r-new", [0.5]),
        result("as asked", [0.1]),
        result("base", [0.2]),
        result("as asked", [0.1]),
    ]
    (comparison,) = compare(results, "r-new")
    assert [other.system for other in comparison.others] == ["as asked", "base"]


def test_other_examples_cannot_be_compared():
    with pytest.raises(ValueError, match="other rows of regression"):
        compare([result("r-new", [0.1, 0.2]), result("base", [0.1])], "r-new")


def test_gain_rows_name_whom_they_are_against_and_hold_whole_figures_too():
    (comparison,) = compare([result("r-new", BETTER, bytes=120), result("base", SCORES, bytes=100)], "r-new")
    (row,) = comparison.gain_rows()
    assert (row["system"], row["against"], row["n"]) == ("r-new", "base", 80)
    assert row["token_f1_low"] > 0
    assert row["bytes"] == 20


def test_a_measure_that_one_of_them_lacks_has_no_gain():
    (comparison,) = compare([result("r-new", [None, None], bytes=1), result("base", [0.5, 0.5])], "r-new")
    assert comparison.gains(comparison.others[0]) == {"token_f1": None, "bytes": None}


def test_an_empty_set_compares_to_nothing():
    (comparison,) = compare([result("r-new", []), result("base", [])], "r-new")
    assert comparison.gains(comparison.others[0]) == {}
    assert comparison.conversations == 0


ROWS = [
    {"set": "cloud", "system": "base", "n": 188, "recall_at_5": 0.2917},
    {"set": "answers", "system": "base", "n": 3, "abstention_f1": None},
]


def drawn(rows):
    console = Console(width=120)
    with console.capture() as capture:
        console.print(results_table(rows, "Evaluation"))
    return capture.get()


def test_the_table_has_a_column_for_every_measure_that_occurs():
    text = drawn(ROWS)
    for name in ("set", "system", "n", "recall at 5", "abstention f1"):
        assert name in text


def test_fractions_have_three_decimals_and_undefined_ones_a_dash():
    text = drawn(ROWS)
    assert "0.292" in text
    assert "188" in text
    assert " - " in text


def test_the_file_holds_the_rows_as_they_are(tmp_path):
    write_results(ROWS, tmp_path / "results" / "evaluation.json")
    assert json.loads((tmp_path / "results" / "evaluation.json").read_text()) == {"rows": ROWS}


def test_an_interval_stands_below_its_measure_and_has_no_column_of_its_own():
    text = drawn([{"set": "dev", "rouge_l": 0.5, "rouge_l_low": 0.41, "rouge_l_high": 0.58}])
    assert "0.500" in text
    assert "0.41 to 0.58" in text
    assert "low" not in text


def test_gains_stand_beside_the_rows_of_the_file(tmp_path):
    write_results(
        ROWS, tmp_path / "evaluation.json", [{"set": "cloud", "against": "base", "recall_at_5": 0.1}]
    )
    written = json.loads((tmp_path / "evaluation.json").read_text())
    assert written["rows"] == ROWS
    assert written["gains"][0]["against"] == "base"
