"""The report of a run shows its curves, its options, and how many examples it used."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from finetune.training.report import CHART_HEIGHT, CHART_WIDTH, line_chart, run_report, write_run_report
from finetune.training.run import Run

HISTORY = [
    {"step": 1, "loss": 2.5, "learning_rate": 1e-4, "tokens_per_second": 340.0, "seconds": 60.0},
    {"step": 2, "eval_loss": 2.2},
    {"step": 2, "loss": 2.0, "learning_rate": 5e-5, "tokens_per_second": 360.0, "seconds": 120.0},
    {"step": 4, "eval_loss": 2.4, "epoch": 1.0},
]


class Tags(HTMLParser):
    VOID = frozenset({"meta", "line", "circle", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def run(tmp_path: Path) -> Run:
    record = {"base": "tiny <one>", "parent": None, "options": {"rank": 4, "tasks": ["rewrite", "answer"]}}
    return Run.begin(tmp_path / "language-d-1", record)


def test_what_was_logged_is_drawn_and_what_was_not_is_not(run: Run) -> None:
    page = run_report(run, HISTORY, {"lessons": 12})
    for title in ("Loss", "Learning rate", "Tokens a second"):
        assert f"<h3>{title}</h3>" in page
    assert "nDCG" not in page and "Margin" not in page


def test_figures_of_the_whole_run_are_told(run: Run) -> None:
    page = run_report(run, HISTORY, {"lessons": 12})
    for name, value in {
        "steps": "4",
        "best validation loss": "2.2",
        "minutes of steps": "2",
        "lessons": "12",
    }.items():
        assert f"<td>{name}</td><td>{value}</td>" in page


def test_what_was_asked_for_is_told(run: Run) -> None:
    page = run_report(run, [], {})
    assert "<td>base</td><td>tiny &lt;one&gt;</td>" in page
    assert "<td>options.rank</td><td>4</td>" in page and "<td>parent</td><td>-</td>" in page
    assert "rewrite, answer" in page


def test_the_page_stands_alone_and_is_whole(run: Run) -> None:
    write_run_report(run, HISTORY, {"lessons": 12})
    page = run.report.read_text("utf-8")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert "<script" not in page and "http" not in page


def places(svg: str) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, place.split(","))) for place in line.split()]
        for line in re.findall(r'points="([^"]*)"', svg)
    ]


def test_higher_values_stand_higher_and_later_steps_further_right() -> None:
    ((first, second, third),) = places(line_chart("Loss", {"training": [(1, 2.0), (5, 3.0), (9, 1.0)]}))
    assert first[0] < second[0] < third[0]
    assert second[1] < first[1] < third[1]


def test_all_curves_share_their_axes_and_stay_inside() -> None:
    lines = {"training": [(1, 4.0), (10, 2.0)], "validation": [(5, 3.0), (10, 2.0)]}
    one, other = places(line_chart("Loss", lines))
    assert one[-1] == other[-1]
    assert all(0 <= x <= CHART_WIDTH and 0 <= y <= CHART_HEIGHT for x, y in [*one, *other])


def test_a_single_point_is_drawn() -> None:
    assert len(places(line_chart("Loss", {"validation": [(3, 0.0)]}))[0]) == 1


def test_names_are_escaped() -> None:
    svg = line_chart("<b>", {"<i>": [(1, 1.0)]})
    assert "<b>" not in svg and "<i>" not in svg and "&lt;i&gt;" in svg
