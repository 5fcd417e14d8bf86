"""The HTML report of a run: its curves, its options, and how many examples it used.

Reads the log history of transformers trainers by the names of its entries.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from finetune.evaluation.report import html_page
from finetune.training.callbacks import SECONDS_SPENT, TOKENS_PER_SECOND
from finetune.training.run import Run

CHART_WIDTH, CHART_HEIGHT = 720, 200
"""Pixels, with all that is around the curves."""
LEFT_MARGIN, RIGHT_MARGIN, TOP_MARGIN, BOTTOM_MARGIN = 72, 110, 12, 26
"""Room for the values of the grid, the names of the curves, and the steps."""
CURVE_CLASSES = ("first", "other")

Points = Sequence[tuple[float, float]]
"""Steps and values, in the order of the steps."""
Scale = Callable[[float], float]


def line_chart(title: str, lines: Mapping[str, Points]) -> str:
    """Curves by name, of one point at least, the first set off; `title` is for those who cannot see it."""
    every = [point for points in lines.values() for point in points]
    first, last = _range([step for step, _ in every])
    low, high = _range([value for _, value in every])

    def across(step: float) -> float:
        return LEFT_MARGIN + (CHART_WIDTH - LEFT_MARGIN - RIGHT_MARGIN) * (step - first) / (last - first)

    def down(value: float) -> float:
        return (
            CHART_HEIGHT
            - BOTTOM_MARGIN
            - (CHART_HEIGHT - TOP_MARGIN - BOTTOM_MARGIN) * (value - low) / (high - low)
        )

    grid = "".join(_level(value, down(value)) for value in (low, (low + high) / 2, high))
    steps = "".join(_step(step, across(step)) for step in (first, last))
    drawn = "".join(
        _curve(name, points, kind, across, down)
        for (name, points), kind in zip(lines.items(), CURVE_CLASSES, strict=False)
    )
    return (
        f'<svg viewBox="0 0 {CHART_WIDTH} {CHART_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{grid}{steps}{drawn}</svg>"
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From the lowest to the highest, and a little room where all are the same."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _curve(name: str, points: Points, kind: str, across: Scale, down: Scale) -> str:
    """A line, a dot at its end, and its name beside that."""
    places = [(across(step), down(value)) for step, value in points]
    x, y = places[-1]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f'<polyline class="{kind}" points="{line}"/><circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        f'<text x="{x + 8:.1f}" y="{y + 4:.1f}">{escape(name)}</text>'
    )


def _level(value: float, y: float) -> str:
    return (
        f'<line class="grid" x1="{LEFT_MARGIN}" x2="{CHART_WIDTH - RIGHT_MARGIN}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="{LEFT_MARGIN - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>'
    )


def _step(step: float, x: float) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{CHART_HEIGHT - 6}" text-anchor="middle">{step:g}</text>'


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
"""Titles, and the curves of each by what they are called here and in the log; what was not logged is not drawn."""

LogHistory = Sequence[Mapping[str, Any]]
"""What a trainer logged, oldest first; every entry says its step."""


def write_run_report(run: Run, history: LogHistory, read: Mapping[str, int]) -> None:
    """read: how many there were of what was learnt from and validated with, by name."""
    run.report.write_text(run_report(run, history, read), encoding="utf-8")


def run_report(run: Run, history: LogHistory, read: Mapping[str, int]) -> str:
    """The whole page as text."""
    measured = _measured(history)
    return html_page(
        run.folder.name,
        f"{''.join(_charts(history))}{_table('Measured', measured)}{_table('Read', read)}"
        f"{_table('Asked for', dict(_flatten(run.record)))}",
    )


def _charts(history: LogHistory) -> Iterator[str]:
    for title, named in CHARTS.items():
        lines = {name: points for name, logged in named.items() if (points := _points(history, logged))}
        if lines:
            yield f"<h3>{escape(title)}</h3>\n{line_chart(title, lines)}\n"


def _points(history: LogHistory, name: str) -> Points:
    return [(entry["step"], entry[name]) for entry in history if name in entry]


def _measured(history: LogHistory) -> dict[str, Any]:
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


def _table(caption: str, values: Mapping[str, Any]) -> str:
    lines = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(_format_value(value))}</td></tr>\n"
        for name, value in values.items()
    )
    return f'<div class="scroll"><table><caption>{escape(caption)}</caption>\n{lines}</table></div>\n'


def _format_value(value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
