"""The language of a text, by its script."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dialogue.language import language_of


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("How long does it take?", None, "en"),
        ("保修期多久？", None, "zh"),
        ("保修期多久？", "en", "zh"),
        ("Hearth 10 的保修期多久？", "en-GB", "zh"),
        ("Wie lange dauert das?", "de-AT", "de"),
        ("How long does it take?", "zh-CN", "en"),
        ("What does 电池 mean on my display?", None, "en"),
    ],
)
def test_script_decides_before_the_hint(text: str, hint: str | None, language: str) -> None:
    assert language_of(text, hint) == language


@pytest.mark.parametrize("text", ["OK", "H07?", "12", "👍", "Heron?"])
def test_a_single_word_or_none_leaves_it_to_the_hint(text: str) -> None:
    assert language_of(text, "zh-Hans-CN") == "zh"
    assert language_of(text, "EN-us") == "en"
    assert language_of(text) == "en"


@pytest.mark.parametrize("text", ["保証期間はどのくらいですか", "보증 기간은 얼마나 되나요"])
def test_japanese_and_korean_are_not_chinese(text: str) -> None:
    assert language_of(text, "ja") == "ja"


@given(some.text(), some.sampled_from(["de", "zh-TW", None]))
def test_any_text_has_a_language(text: str, hint: str | None) -> None:
    assert language_of(text, hint) in {"de", "zh", "en"}
