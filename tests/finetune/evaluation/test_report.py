"""The comparison report: a self-contained HTML page."""

import re

import numpy as np

from finetune.evaluation.report import comparison_report, write_report
from finetune.evaluation.results import compare
from tests.finetune.evaluation.results import result
from tests.finetune.markup import is_balanced

SCORES = list(np.random.default_rng(8).uniform(0.1, 0.8, 50))
BETTER = [score + 0.1 for score in SCORES]


def compared(new=BETTER, live=SCORES, **whole):
    return compare([result("r-new", new, **whole), result("live", live, **whole)], "r-new")


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(tmp_path):
    write_report(compared(), "A comparison", tmp_path / "reports" / "page.html")
    text = (tmp_path / "reports" / "page.html").read_text("utf-8")
    assert is_balanced(text)
    assert "<script" not in text
    assert not re.search(r"(?:src|href|url|@import)\b", text)
    assert "prefers-color-scheme: dark" in text


def test_every_figure_stands_with_its_interval_and_a_plot_where_systems_differ():
    comparison = compared(bytes=98_000_000.0)
    text = comparison_report(comparison, "A comparison")
    row = comparison[0].candidate.row()
    assert f"{row['token_f1']:.3f}" in text
    assert f"{row['token_f1_low']:.3f} to {row['token_f1_high']:.3f}" in text
    assert "98,000,000" in text
    assert text.count("<svg") == 1
    assert "50 rows of 50 conversations" in text


def test_a_sure_gain_is_coloured_and_a_doubtful_one_is_not():
    assert '<td class="up">0.100' in comparison_report(compared(), "")
    assert '<td class="down">-0.100' in comparison_report(compared(SCORES, BETTER), "")
    assert '<td class="' not in comparison_report(compared(SCORES, SCORES), "")


def test_longer_is_worse():
    slow = [{"seconds": 2 + score} for score in SCORES]
    quick = [{"seconds": 1 + score} for score in SCORES]
    assert '<td class="down">1.000' in comparison_report(compared(slow, quick), "")


def test_the_replies_that_changed_most_are_shown():
    new = [*SCORES[:-2], SCORES[-2] + 0.15, SCORES[-1] - 0.09]
    text = comparison_report(compared(new), "")
    rises = re.findall(r"<h3 class=\"(?:up|down)\">(.*?) · (.*?)</h3>", text)
    assert rises == [("+0.15", "log:48:1"), ("-0.09", "log:49:1")]
    assert "r-new says 48." in text
    assert "live says 48." in text


def test_what_people_and_models_wrote_is_no_markup():
    evil = "<img src=x onerror=alert(1)>"
    (comparison,) = compare([result(evil, BETTER, set=evil), result("live", SCORES, set=evil)], evil)
    assert "<img" not in comparison_report([comparison], evil, [evil])


def test_the_words_of_the_gate_stand_first():
    text = comparison_report(compared(), "A comparison", ["Better by 0.1."])
    assert text.index("Better by 0.1.") < text.index("<table")


def test_a_single_system_and_an_empty_set_have_pages_too():
    assert "<svg" not in comparison_report(compare([result("base", SCORES)], "base"), "")
    assert "0 rows of 0 conversations" in comparison_report(compared([], []), "")
