"""A comparison as a self-contained HTML page: measures with intervals, plots, and the replies that changed most."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from finetune.evaluation.results import Comparison, EvaluationResult, Interval, ScoredExample, format_cell
from finetune.pages import Whisker, forest_plot, render

SHOWN_CHANGES = 5
"""The page shows at most this many replies that improved, and as many that got worse, of each comparison."""
LOWER_IS_BETTER = frozenset({"seconds", "bytes"})

Intervals = Mapping[str, Interval | None]


@dataclass(frozen=True, slots=True)
class Cell:
    value: str
    interval: str = ""
    css_class: str = ""


@dataclass(frozen=True, slots=True)
class TableRow:
    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class MeasuresTable:
    measures: Sequence[str]
    rows: Sequence[TableRow]


@dataclass(frozen=True, slots=True)
class ReplyChange:
    css_class: str
    title: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Section:
    """One comparison, as the template `comparison.html` shows it."""

    name: str
    size: str
    candidate: str
    measures: MeasuresTable
    gains: MeasuresTable | None
    plots: Sequence[tuple[str, Markup]]
    changes_title: str
    changes: Sequence[ReplyChange]


def report_path(reports: Path, release: str) -> Path:
    """Where the page of a release is in the folder of all reports."""
    return reports / f"{release}.html"


def write_report(
    comparisons: Sequence[Comparison], title: str, path: Path, reasons: Sequence[str] = ()
) -> None:
    """reasons: those of the gate, if it was asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(comparison_report(comparisons, title, reasons), encoding="utf-8")


def comparison_report(comparisons: Sequence[Comparison], title: str, reasons: Sequence[str] = ()) -> str:
    """The whole page as text."""
    return render(
        "comparison.html", title=title, reasons=reasons, sections=[_section(c) for c in comparisons]
    )


def _section(comparison: Comparison) -> Section:
    figures = {result.system: _measures(result) for result in comparison.results}
    gains = {f"minus {other.system}": comparison.gains(other) for other in comparison.others}
    return Section(
        name=" · ".join(comparison.candidate.key),
        size=f"{len(comparison.candidate.scored)} rows of {comparison.conversations} conversations",
        candidate=comparison.candidate.system,
        measures=_table(figures),
        gains=_table(gains, coloured=True) if gains else None,
        plots=list(_plots(figures)),
        changes_title=_changes_title(comparison),
        changes=list(_changes(comparison)),
    )


def _measures(result: EvaluationResult) -> Intervals:
    whole = {name: None if value is None else Interval(value) for name, value in result.whole.items()}
    return {**result.intervals(), **whole}


def _table(lines: Mapping[str, Intervals], *, coloured: bool = False) -> MeasuresTable:
    names = list(dict.fromkeys(name for intervals in lines.values() for name in intervals))
    rows = [
        TableRow(label, [_cell(name, line.get(name), coloured) for name in names])
        for label, line in lines.items()
    ]
    return MeasuresTable([name.replace("_", " ") for name in names], rows)


def _cell(name: str, interval: Interval | None, coloured: bool) -> Cell:
    if interval is None:
        return Cell("-")
    value = f"{interval.value:,.0f}" if abs(interval.value) >= 1000 else format_cell(interval.value)
    if interval.low is None or interval.high is None:
        return Cell(value)
    certain = not interval.low <= 0 <= interval.high
    better = (interval.low > 0) != (name in LOWER_IS_BETTER)
    css_class = ("up" if better else "down") if coloured and certain else ""
    return Cell(value, f"{interval.low:.3f} to {interval.high:.3f}", css_class)


def _plots(figures: Mapping[str, Intervals]) -> Iterator[tuple[str, Markup]]:
    """One for each measure in which systems differ."""
    for name in dict.fromkeys(name for intervals in figures.values() for name in intervals):
        lines = [(system, i) for system, of in figures.items() if (i := of.get(name)) is not None]
        if len(lines) > 1 and any(i != lines[0][1] for _, i in lines):
            title = name.replace("_", " ")
            yield title, forest_plot(title, [Whisker(system, i.value, i.low, i.high) for system, i in lines])


def _changes_title(comparison: Comparison) -> str:
    if not comparison.others or not comparison.candidate.measures:
        return ""
    measure = comparison.candidate.measures[0].replace("_", " ")
    return f"Replies that changed most compared with {comparison.others[0].system}, by {measure}"


def _changes(comparison: Comparison) -> Iterator[ReplyChange]:
    """The replies whose first measure rose and fell most compared with the first of the others."""
    if not comparison.others or not comparison.candidate.measures:
        return
    other, name = comparison.others[0], comparison.candidate.measures[0]
    pairs = zip(comparison.candidate.scored, other.scored, strict=True)
    rises = [(_rise(ours, theirs, name), ours, theirs) for ours, theirs in pairs]
    changed = sorted((rise for rise in rises if rise[0]), key=lambda rise: rise[0])
    best = [rise for rise in changed[: -SHOWN_CHANGES - 1 : -1] if rise[0] > 0]
    worst = [rise for rise in changed[:SHOWN_CHANGES] if rise[0] < 0]
    for rise, ours, theirs in (*best, *worst):
        yield _change(rise, ours, theirs, other.system)


def _rise(ours: ScoredExample, theirs: ScoredExample, name: str) -> float:
    """0 where the example does not count for the measure."""
    (part, whole), (their_part, their_whole) = ours.shares[name], theirs.shares[name]
    return part / whole - their_part / their_whole if whole and their_whole else 0.0


def _change(rise: float, ours: ScoredExample, theirs: ScoredExample, system: str) -> ReplyChange:
    texts = {"question": ours.asked, "candidate": ours.said, system: theirs.said}
    return ReplyChange("up" if rise > 0 else "down", f"{rise:+.2f} · {ours.id}", texts)
