"""What is installed is what was tested: every dependency is pinned, once, inside the range that the project states."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().split()]
VERSIONS = {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in PINS}
DIRECT = [
    Requirement(line)
    for lines in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in lines
    if not line.startswith("groundtalk")
]


@pytest.mark.parametrize("wanted", DIRECT, ids=str)
def test_a_dependency_is_pinned_inside_its_range(wanted):
    assert wanted.specifier.contains(VERSIONS[canonicalize_name(wanted.name)])


def test_pins_are_exact_unique_and_sorted():
    assert all(str(pin.specifier).startswith("==") for pin in PINS)
    assert len(VERSIONS) == len(PINS)
    assert [str(pin) for pin in PINS] == sorted(map(str, PINS), key=str.lower)


def test_pins_name_no_build_and_no_place_of_their_own():
    assert not any(pin.url or "+" in str(pin) for pin in PINS)
