import numpy as np
import pytest

from finetune.evaluation.comparison import compare
from tests.finetune.evaluation.results import result

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
