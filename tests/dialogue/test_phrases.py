"""The phrases of every language are complete."""

import re
import tomllib
from importlib.resources import files
from typing import Any

import pytest

PHRASES: dict[str, dict[str, Any]] = tomllib.loads((files("dialogue") / "phrases.toml").read_text("utf-8"))


@pytest.mark.parametrize("language", PHRASES)
def test_every_language_has_every_kind_and_names_every_language(language: str) -> None:
    table = PHRASES[language]
    assert set(table) == set(PHRASES["en"])
    assert len(table["names"]) == len(PHRASES)
    assert all(
        table[kind]
        for kind in ("greeting", "thanks", "lead", "why", "pointing", "correction", "form", "tail")
    )


@pytest.mark.parametrize("language", PHRASES)
def test_every_phrase_is_an_expression_that_needs_some_text(language: str) -> None:
    for kind, phrases in PHRASES[language].items():
        for phrase in phrases if kind != "carriers" else ():
            assert not re.compile(phrase).fullmatch("")
