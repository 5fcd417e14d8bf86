"""A plot of intervals below each other as SVG text, coloured by the style sheet of the page that it stands in.

Knows intervals and labels, not what they measure.
"""

from collections.abc import Callable, Sequence
from html import escape

from finetune.evaluation.bootstrap import Interval

WIDTH, LABELS, LINE, AXIS = 720, 220, 24, 22
"""Pixels: the plot, the room for labels at its left, one interval, the axis below."""
MARGIN = 30


def forest(title: str, intervals: Sequence[tuple[str, Interval]]) -> str:
    """Dots with whiskers, the first of them set off; `title` says what is shown to those who cannot see it."""
    low, high = _range([interval for _, interval in intervals])
    height = LINE * len(intervals) + AXIS

    def across(value: float) -> float:
        return LABELS + (WIDTH - LABELS - MARGIN) * (value - low) / (high - low)

    lines = [_line(place, *labelled, across) for place, labelled in enumerate(intervals)]
    ticks = [_tick(value, across(value), height) for value in (low, (low + high) / 2, high)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(ticks)}{''.join(lines)}</svg>"
    )


def _range(intervals: Sequence[Interval]) -> tuple[float, float]:
    """From the lowest to the highest end, and a little room where all are the same."""
    ends = [end for i in intervals for end in (i.value, i.low, i.high) if end is not None]
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _line(place: int, label: str, interval: Interval, across: Callable[[float], float]) -> str:
    middle = LINE * place + LINE / 2
    kind = "first" if place == 0 else "other"
    whisker = ""
    if interval.low is not None and interval.high is not None:
        ends = f'x1="{across(interval.low):.1f}" x2="{across(interval.high):.1f}"'
        whisker = f'<line class="{kind}" {ends} y1="{middle}" y2="{middle}"/>'
    return (
        f'<text x="{LABELS - 12}" y="{middle + 4}" text-anchor="end">{escape(label)}</text>{whisker}'
        f'<circle class="{kind}" cx="{across(interval.value):.1f}" cy="{middle}" r="4.5"/>'
    )


def _tick(value: float, x: float, height: int) -> str:
    said = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"
    return (
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - AXIS}"/>'
        f'<text class="tick" x="{x:.1f}" y="{height - 6}" text-anchor="middle">{said}</text>'
    )
