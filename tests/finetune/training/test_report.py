"""The report of a run shows its curves, its options, and how many examples it used."""

from pathlib import Path

import pytest

from finetune.training.report import run_report, write_run_report
from finetune.training.run import Run
from tests.finetune.markup import is_balanced

HISTORY = [
    {"step": 1, "loss": 2.5, "learning_rate": 1e-4, "tokens_per_second": 340.0, "seconds": 60.0},
    {"step": 2, "eval_loss": 2.2},
    {"step": 2, "loss": 2.0, "learning_rate": 5e-5, "tokens_per_second": 360.0, "seconds": 120.0},
    {"step": 4, "eval_loss": 2.4, "epoch": 1.0},
]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    record = {"base": "tiny <one>", "parent": None, "options": {"rank": 4, "tasks": ["rewrite", "answer"]}}
    return Run.begin(tmp_path / "language-d-1", record)


def test_what_was_logged_is_drawn_and_what_was_not_is_not(run: Run) -> None:
    page = run_report(run, HISTORY, {"training examples": 12})
    for title in ("Loss", "Learning rate", "Tokens a second"):
        assert f"<h3>{title}</h3>" in page
    assert "nDCG" not in page and "Margin" not in page


def test_figures_of_the_whole_run_are_told(run: Run) -> None:
    page = run_report(run, HISTORY, {"training examples": 12})
    for name, value in {
        "steps": "4",
        "best validation loss": "2.2",
        "minutes of steps": "2",
        "training examples": "12",
    }.items():
        assert f"<td>{name}</td><td>{value}</td>" in page


def test_what_was_asked_for_is_told(run: Run) -> None:
    page = run_report(run, [], {})
    assert "<td>base</td><td>tiny &lt;one&gt;</td>" in page
    assert "<td>options.rank</td><td>4</td>" in page and "<td>parent</td><td>-</td>" in page
    assert "rewrite, answer" in page


def test_the_page_stands_alone_and_is_whole(run: Run) -> None:
    write_run_report(run, HISTORY, {"training examples": 12})
    page = run.report.read_text("utf-8")
    assert is_balanced(page)
    assert "<script" not in page and "http" not in page
