"""The HTML report of a run: its curves, its options, and how many examples it used.

Reads the log history of transformers trainers by the names of its entries.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from finetune.pages import Points, line_chart, render
from finetune.training.callbacks import SECONDS_SPENT, TOKENS_PER_SECOND
from finetune.training.run import Run

CHARTS: Mapping[str, Mapping[str, str]] = {
    "Loss": {"training": "loss", "validation": "eval_loss"},
    "nDCG@5 of validation searches": {"validation": "eval_validation_cosine_ndcg@5"},
    "Share of pairs in the right order": {
        "training": "rewards/accuracies",
        "validation": "eval_rewards/accuracies",
    },
    "Margin between rewards": {"training": "rewards/margins", "validation": "eval_rewards/margins"},
    "Learning rate": {"training": "learning_rate"},
    "Tokens a second": {"training": TOKENS_PER_SECOND},
}
"""By title, the curves by their name and the name in the log; one that was not logged is not drawn."""

LogHistory = Sequence[Mapping[str, Any]]
"""What a trainer logged, oldest first; every entry says its step."""


def write_run_report(run: Run, history: LogHistory, counts: Mapping[str, int]) -> None:
    """counts: how many examples were trained on, left out, and kept for validation, by name."""
    run.report.write_text(run_report(run, history, counts), encoding="utf-8")


def run_report(run: Run, history: LogHistory, counts: Mapping[str, int]) -> str:
    """The whole page as text."""
    tables = {
        "Results": _results(history),
        "Examples": counts,
        "Options": dict(_flatten(run.record)),
    }
    shown = {caption: {n: _format_value(v) for n, v in values.items()} for caption, values in tables.items()}
    return render("run.html", title=run.folder.name, charts=list(_charts(history)), tables=shown)


def _charts(history: LogHistory) -> Iterator[tuple[str, Markup]]:
    for title, named in CHARTS.items():
        lines = {name: points for name, logged in named.items() if (points := _points(history, logged))}
        if lines:
            yield title, line_chart(title, lines)


def _points(history: LogHistory, name: str) -> Points:
    return [(entry["step"], entry[name]) for entry in history if name in entry]


def _results(history: LogHistory) -> dict[str, Any]:
    """Figures of the run as a whole."""
    last = {name: entry[name] for entry in history for name in entry}
    losses = [loss for _, loss in _points(history, "eval_loss")]
    figures = {
        "steps": last.get("step"),
        "epochs": last.get("epoch"),
        "last training loss": last.get("loss"),
        "best validation loss": min(losses, default=None),
        "minutes of steps": last[SECONDS_SPENT] / 60 if SECONDS_SPENT in last else None,
    }
    return {name: figure for name, figure in figures.items() if figure is not None}


def _flatten(record: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _format_value(value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
