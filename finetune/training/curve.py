"""Curves over the steps of a run as SVG text, coloured by the style sheet of the page that they stand in.

Knows numbers and names, not what they measure.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 720, 200
"""Pixels, with all that is around the curves."""
LEFT, RIGHT, TOP, BOTTOM = 72, 110, 12, 26
"""Room for the values of the grid, the names of the curves, and the steps."""
KINDS = ("first", "other")

Points = Sequence[tuple[float, float]]
"""Steps and values, in the order of the steps."""
Scale = Callable[[float], float]


def curves(title: str, lines: Mapping[str, Points]) -> str:
    """Curves by name, of one point at least, the first set off; `title` is for those who cannot see it."""
    every = [point for points in lines.values() for point in points]
    first, last = _range([step for step, _ in every])
    low, high = _range([value for _, value in every])

    def across(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (step - first) / (last - first)

    def down(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)

    grid = "".join(_level(value, down(value)) for value in (low, (low + high) / 2, high))
    steps = "".join(_step(step, across(step)) for step in (first, last))
    drawn = "".join(
        _curve(name, points, kind, across, down)
        for (name, points), kind in zip(lines.items(), KINDS, strict=False)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
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
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>'
    )


def _step(step: float, x: float) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{step:g}</text>'
