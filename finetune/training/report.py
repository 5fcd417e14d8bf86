"""The page of a run: its curves, what was asked for, and how much was read.

Knows what trainers of transformers log, by name; knows no trainer.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from finetune.evaluation.document import document
from finetune.training.clock import SPEED, SPENT
from finetune.training.curve import Points, curves
from finetune.training.run import Run

PLOTS: Mapping[str, Mapping[str, str]] = {
    "Loss": {"training": "loss", "validation": "eval_loss"},
    "nDCG@5 of validation searches": {"validation": "eval_validation_cosine_ndcg@5"},
    "Share of pairs in the right order": {
        "training": "rewards/accuracies",
        "validation": "eval_rewards/accuracies",
    },
    "Margin between rewards": {"training": "rewards/margins", "validation": "eval_rewards/margins"},
    "Learning rate": {"training": "learning_rate"},
    "Tokens a second": {"training": SPEED},
}
"""Titles, and the curves of each by what they are called here and in the log; what was not logged is not drawn."""

History = Sequence[Mapping[str, Any]]
"""What a trainer logged, oldest first; every entry says its step."""


def write_report(run: Run, history: History, read: Mapping[str, int]) -> None:
    """read: how many there were of what was learnt from and validated with, by name."""
    run.report.write_text(report(run, history, read), encoding="utf-8")


def report(run: Run, history: History, read: Mapping[str, int]) -> str:
    """The whole page as text."""
    measured = _measured(history)
    return document(
        run.folder.name,
        f"{''.join(_plots(history))}{_table('Measured', measured)}{_table('Read', read)}"
        f"{_table('Asked for', dict(_flat(run.record)))}",
    )


def _plots(history: History) -> Iterator[str]:
    for title, named in PLOTS.items():
        lines = {name: points for name, logged in named.items() if (points := _points(history, logged))}
        if lines:
            yield f"<h3>{escape(title)}</h3>\n{curves(title, lines)}\n"


def _points(history: History, name: str) -> Points:
    return [(entry["step"], entry[name]) for entry in history if name in entry]


def _measured(history: History) -> dict[str, Any]:
    """Figures of the run as a whole."""
    last = {name: entry[name] for entry in history for name in entry}
    losses = [loss for _, loss in _points(history, "eval_loss")]
    figures = {
        "steps": last.get("step"),
        "epochs": last.get("epoch"),
        "last training loss": last.get("loss"),
        "best validation loss": min(losses, default=None),
        "minutes of steps": last[SPENT] / 60 if SPENT in last else None,
    }
    return {name: figure for name, figure in figures.items() if figure is not None}


def _flat(record: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _table(caption: str, values: Mapping[str, Any]) -> str:
    lines = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(_said(value))}</td></tr>\n" for name, value in values.items()
    )
    return f'<div class="scroll"><table><caption>{escape(caption)}</caption>\n{lines}</table></div>\n'


def _said(value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
