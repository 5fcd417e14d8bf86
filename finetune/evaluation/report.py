"""A comparison as a self-contained HTML page: measures with intervals, plots, and the replies that changed most.

The page needs no script and loads nothing from elsewhere.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from finetune.evaluation.results import Comparison, EvaluationResult, Interval, ScoredExample, format_cell


def html_page(title: str, body: str) -> str:
    """The whole page as text; `body` is HTML."""
    style = (files("finetune.evaluation") / "page.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>\n{style}</style></head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{body}</body></html>\n"
    )


PLOT_WIDTH, LABEL_WIDTH, LINE_HEIGHT, AXIS_HEIGHT = 720, 220, 24, 22
"""Pixels: the plot, the room for labels at its left, one interval, the axis below."""
PLOT_MARGIN = 30


def forest_plot(title: str, intervals: Sequence[tuple[str, Interval]]) -> str:
    """Dots with whiskers, the first of them set off; `title` says what is shown to those who cannot see it."""
    low, high = _range([interval for _, interval in intervals])
    height = LINE_HEIGHT * len(intervals) + AXIS_HEIGHT

    def across(value: float) -> float:
        return LABEL_WIDTH + (PLOT_WIDTH - LABEL_WIDTH - PLOT_MARGIN) * (value - low) / (high - low)

    lines = [_line(place, *labelled, across) for place, labelled in enumerate(intervals)]
    ticks = [_tick(value, across(value), height) for value in (low, (low + high) / 2, high)]
    return (
        f'<svg viewBox="0 0 {PLOT_WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(ticks)}{''.join(lines)}</svg>"
    )


def _range(intervals: Sequence[Interval]) -> tuple[float, float]:
    """From the lowest to the highest end, and a little room where all are the same."""
    ends = [end for i in intervals for end in (i.value, i.low, i.high) if end is not None]
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _line(place: int, label: str, interval: Interval, across: Callable[[float], float]) -> str:
    middle = LINE_HEIGHT * place + LINE_HEIGHT / 2
    kind = "first" if place == 0 else "other"
    whisker = ""
    if interval.low is not None and interval.high is not None:
        ends = f'x1="{across(interval.low):.1f}" x2="{across(interval.high):.1f}"'
        whisker = f'<line class="{kind}" {ends} y1="{middle}" y2="{middle}"/>'
    return (
        f'<text x="{LABEL_WIDTH - 12}" y="{middle + 4}" text-anchor="end">{escape(label)}</text>{whisker}'
        f'<circle class="{kind}" cx="{across(interval.value):.1f}" cy="{middle}" r="4.5"/>'
    )


def _tick(value: float, x: float, height: int) -> str:
    said = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"
    return (
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - AXIS_HEIGHT}"/>'
        f'<text class="tick" x="{x:.1f}" y="{height - 6}" text-anchor="middle">{said}</text>'
    )


SHOWN_CHANGES = 5
"""So many replies that got better, and as many that got worse, are shown of each comparison."""
LOWER_IS_BETTER = frozenset({"seconds", "bytes"})

Intervals = Mapping[str, Interval | None]


def report_path(reports: Path, release: str) -> Path:
    """Where the page of a release lies in the folder of all reports."""
    return reports / f"{release}.html"


def write_report(
    comparisons: Sequence[Comparison], title: str, path: Path, reasons: Sequence[str] = ()
) -> None:
    """`reasons`: what the gate said, if one was asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(comparison_report(comparisons, title, reasons), encoding="utf-8")


def comparison_report(comparisons: Sequence[Comparison], title: str, reasons: Sequence[str] = ()) -> str:
    """The whole page as text."""
    said = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    return html_page(
        title,
        '<p class="about">Ranges are 95 % bootstrap intervals over conversations. Differences are paired, and '
        "coloured where chance is no likely reason.</p>\n"
        f"{f'<ul>{said}</ul>' if said else ''}{''.join(map(_section, comparisons))}",
    )


def _section(comparison: Comparison) -> str:
    name = escape(" · ".join(comparison.candidate.key))
    rows = f"{len(comparison.candidate.scored)} rows of {comparison.conversations} conversations"
    figures = {result.system: _measures(result) for result in comparison.results}
    return (
        f'<h2>{name}</h2>\n<p class="about">{rows}</p>\n{_table("Measures", figures)}'
        f"{_gains(comparison)}{''.join(_plots(figures))}{_changes(comparison)}"
    )


def _measures(result: EvaluationResult) -> Intervals:
    whole = {name: None if value is None else Interval(value) for name, value in result.whole.items()}
    return {**result.intervals(), **whole}


def _gains(comparison: Comparison) -> str:
    gains = {f"less {other.system}": comparison.gains(other) for other in comparison.others}
    return _table(f"{comparison.candidate.system}, less the others", gains, coloured=True) if gains else ""


def _table(caption: str, lines: Mapping[str, Intervals], *, coloured: bool = False) -> str:
    names = list(dict.fromkeys(name for intervals in lines.values() for name in intervals))
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
    body = "".join(
        f"<tr><td>{escape(label)}</td>{''.join(_cell(name, line.get(name), coloured) for name in names)}</tr>\n"
        for label, line in lines.items()
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption>'
        f"<tr><th></th>{head}</tr>\n{body}</table></div>\n"
    )


def _cell(name: str, interval: Interval | None, coloured: bool) -> str:
    if interval is None:
        return "<td>-</td>"
    reach, kind = "", ""
    if interval.low is not None and interval.high is not None:
        reach = f'<span class="reach">{interval.low:.3f} to {interval.high:.3f}</span>'
        if coloured and not interval.low <= 0 <= interval.high:
            kind = f' class="{"up" if (interval.low > 0) != (name in LOWER_IS_BETTER) else "down"}"'
    value = f"{interval.value:,.0f}" if abs(interval.value) >= 1000 else format_cell(interval.value)
    return f"<td{kind}>{value}{reach}</td>"


def _plots(figures: Mapping[str, Intervals]) -> Iterator[str]:
    """One for each measure in which systems differ."""
    for name in dict.fromkeys(name for intervals in figures.values() for name in intervals):
        lines = [(system, i) for system, of in figures.items() if (i := of.get(name)) is not None]
        if len(lines) > 1 and any(i != lines[0][1] for _, i in lines):
            title = name.replace("_", " ")
            yield f"<h3>{escape(title)}</h3>\n{forest_plot(title, lines)}\n"


def _changes(comparison: Comparison) -> str:
    """The replies that rose and fell most beside the first of the others, on the first measure."""
    if not comparison.others or not comparison.candidate.measures:
        return ""
    other, name = comparison.others[0], comparison.candidate.measures[0]
    pairs = [(_rise(ours, theirs, name), ours, theirs) for ours, theirs in _paired(comparison, other)]
    moved = sorted((pair for pair in pairs if pair[0]), key=lambda pair: pair[0])
    shown_pairs = [pair for pair in moved[: -SHOWN_CHANGES - 1 : -1] if pair[0] > 0]
    shown_pairs += [pair for pair in moved[:SHOWN_CHANGES] if pair[0] < 0]
    said = "".join(_change(rise, ours, theirs, other.system) for rise, ours, theirs in shown_pairs)
    heading = f"What changed most beside {other.system}, by {name.replace('_', ' ')}"
    return f"<details><summary>{escape(heading)}</summary>{said}</details>\n" if said else ""


def _paired(comparison: Comparison, other: EvaluationResult) -> Iterable[tuple[ScoredExample, ScoredExample]]:
    return zip(comparison.candidate.scored, other.scored, strict=True)


def _rise(ours: ScoredExample, theirs: ScoredExample, name: str) -> float:
    """0 where the example does not count for the measure."""
    (part, whole), (their_part, their_whole) = ours.shares[name], theirs.shares[name]
    return part / whole - their_part / their_whole if whole and their_whole else 0.0


def _change(rise: float, ours: ScoredExample, theirs: ScoredExample, system: str) -> str:
    lines = {"asked": ours.asked, "candidate": ours.said, system: theirs.said}
    said = "".join(f"<dt>{escape(who)}</dt><dd>{escape(text)}</dd>" for who, text in lines.items())
    kind = "up" if rise > 0 else "down"
    return f'<h3 class="{kind}">{rise:+.2f} · {escape(ours.id)}</h3>\n<dl>{said}</dl>\n'
