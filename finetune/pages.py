"""Renders the HTML reports, each a single file without scripts, and the SVG plots in them, from Jinja templates.

The plots are drawn here, because a plotting library would fix their colours: these follow the page's style, also in
dark mode, and evaluation needs no extra to be installed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

ENVIRONMENT = Environment(
    loader=PackageLoader("finetune"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: Any) -> Markup:
    """The template, with all values escaped that are not markup themselves."""
    return Markup(ENVIRONMENT.get_template(template).render(values))


PLOT_WIDTH = 720
"""Pixels, labels included."""
LABEL_WIDTH, PLOT_MARGIN = 220, 30
"""Room for the labels of a forest plot on the left, and for its last tick on the right."""
LINE_HEIGHT, AXIS_HEIGHT = 24, 22
"""Heights of a line of a forest plot, and of its axis."""
CSS_CLASSES = ("first", "other")
"""The first system or curve is set off from the others."""


@dataclass(frozen=True, slots=True)
class Whisker:
    """A value on a forest plot with the ends of its interval, if it has one."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None


def forest_plot(title: str, whiskers: Sequence[Whisker]) -> Markup:
    """Dots with whiskers as SVG, one line each; `title` describes the plot to screen readers."""
    low, high = _range([end for w in whiskers for end in (w.value, w.low, w.high) if end is not None])
    across = _scale(low, high, LABEL_WIDTH, PLOT_WIDTH - PLOT_MARGIN)
    bottom = LINE_HEIGHT * len(whiskers)
    ticks = [{"x": across(value), "text": _tick_text(value)} for value in (low, (low + high) / 2, high)]
    return render(
        "forest_plot.svg",
        title=title,
        width=PLOT_WIDTH,
        height=bottom + AXIS_HEIGHT,
        bottom=bottom,
        label_end=LABEL_WIDTH - 12,
        ticks=ticks,
        dots=[_dot(line, whisker, across) for line, whisker in enumerate(whiskers)],
    )


def _dot(line: int, whisker: Whisker, across: Callable[[float], float]) -> dict[str, Any]:
    has_interval = whisker.low is not None and whisker.high is not None
    return {
        "css_class": CSS_CLASSES[min(line, 1)],
        "label": whisker.label,
        "y": LINE_HEIGHT * line + LINE_HEIGHT / 2,
        "x": across(whisker.value),
        "low": across(whisker.low or 0.0) if has_interval else None,
        "high": across(whisker.high or 0.0) if has_interval else None,
    }


def _tick_text(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"


CHART_HEIGHT = 200
LEFT_MARGIN, RIGHT_MARGIN, TOP_MARGIN, BOTTOM_MARGIN = 72, 110, 12, 26
"""Room for the values of the grid, the names of the curves, and the steps."""

Points = Sequence[tuple[float, float]]
"""Steps and values, in the order of the steps."""


def line_chart(title: str, lines: Mapping[str, Points]) -> Markup:
    """Named curves of at least one point as SVG; `title` describes the chart to screen readers."""
    every = [point for points in lines.values() for point in points]
    first, last = _range([step for step, _ in every])
    low, high = _range([value for _, value in every])
    across = _scale(first, last, LEFT_MARGIN, PLOT_WIDTH - RIGHT_MARGIN)
    down = _scale(low, high, CHART_HEIGHT - BOTTOM_MARGIN, TOP_MARGIN)
    return render(
        "line_chart.svg",
        title=title,
        width=PLOT_WIDTH,
        height=CHART_HEIGHT,
        left=LEFT_MARGIN,
        right=PLOT_WIDTH - RIGHT_MARGIN,
        levels=[{"y": down(value), "text": f"{value:.4g}"} for value in (low, (low + high) / 2, high)],
        steps=[{"x": across(step), "text": f"{step:g}"} for step in (first, last)],
        curves=[
            _curve(name, css_class, [(across(step), down(value)) for step, value in points])
            for (name, points), css_class in zip(lines.items(), CSS_CLASSES, strict=False)
        ],
    )


def _curve(name: str, css_class: str, places: Points) -> dict[str, Any]:
    """A line with a dot at its end and its name beside the dot."""
    x, y = places[-1]
    points = " ".join(f"{x},{y}" for x, y in places)
    return {"name": name, "css_class": css_class, "points": points, "x": x, "y": y}


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From the lowest to the highest, with a little room where all are the same."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Maps `low` to the pixel `start` and `high` to `end`."""
    return lambda value: round(start + (end - start) * (value - low) / (high - low), 1)
