"""Pages are escaped and self-contained, and plots stay inside their frames."""

import re

import pytest
from jinja2 import UndefinedError

from finetune.pages import CHART_HEIGHT, PLOT_WIDTH, Whisker, forest_plot, line_chart, render
from tests.finetune.markup import is_balanced


def test_a_page_has_its_title_escaped_and_brings_its_own_style() -> None:
    page = render("run.html", title="Ferries & <harbours>", charts=[], tables={"<b>": {"at": "<nine>"}})
    assert page.startswith("<!doctype html>")
    assert "<title>Ferries &amp; &lt;harbours&gt;</title>" in page
    assert "<h1>Ferries &amp; &lt;harbours&gt;</h1>" in page
    assert "<td>at</td><td>&lt;nine&gt;</td>" in page and "<b>" not in page
    assert "prefers-color-scheme: dark" in page
    assert is_balanced(page)


def test_a_plot_is_markup_and_is_not_escaped_again() -> None:
    chart = line_chart("Loss", {"training": [(1, 1.0)]})
    assert chart in render("run.html", title="", charts=[("Loss", chart)], tables={})


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("run.html", title="")


@pytest.mark.parametrize("whiskers", [[Whisker("a", 0.5)], [Whisker("a", 0.2, 0.1, 0.3), Whisker("b", 2e8)]])
def test_a_forest_plot_stays_inside_its_frame(whiskers: list[Whisker]) -> None:
    svg = forest_plot("seconds", whiskers)
    places = [float(x) for x in re.findall(r'(?:x1|x2|cx)="([\d.-]+)"', svg)]
    assert all(220 <= x <= PLOT_WIDTH for x in places)
    assert svg.count("<circle") == len(whiskers)
    assert is_balanced(svg)


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
    assert all(0 <= x <= PLOT_WIDTH and 0 <= y <= CHART_HEIGHT for x, y in [*one, *other])


def test_a_single_point_is_drawn() -> None:
    assert len(places(line_chart("Loss", {"validation": [(3, 0.0)]}))[0]) == 1


def test_names_are_escaped() -> None:
    svg = line_chart("<b>", {"<i>": [(1, 1.0)]})
    assert "<b>" not in svg and "<i>" not in svg and "&lt;i&gt;" in svg
