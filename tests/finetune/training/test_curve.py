"""Curves as SVG text."""

import re

from finetune.training.curve import HEIGHT, WIDTH, curves


def places(svg: str) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, place.split(","))) for place in line.split()]
        for line in re.findall(r'points="([^"]*)"', svg)
    ]


def test_higher_values_stand_higher_and_later_steps_further_right() -> None:
    ((first, second, third),) = places(curves("Loss", {"training": [(1, 2.0), (5, 3.0), (9, 1.0)]}))
    assert first[0] < second[0] < third[0]
    assert second[1] < first[1] < third[1]


def test_all_curves_share_their_axes_and_stay_inside() -> None:
    lines = {"training": [(1, 4.0), (10, 2.0)], "validation": [(5, 3.0), (10, 2.0)]}
    one, other = places(curves("Loss", lines))
    assert one[-1] == other[-1]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in [*one, *other])


def test_a_single_point_is_drawn() -> None:
    assert len(places(curves("Loss", {"validation": [(3, 0.0)]}))[0]) == 1


def test_names_are_escaped() -> None:
    svg = curves("<b>", {"<i>": [(1, 1.0)]})
    assert "<b>" not in svg and "<i>" not in svg and "&lt;i&gt;" in svg
