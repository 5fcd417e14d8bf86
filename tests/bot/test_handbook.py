"""The sample handbook has a useful size, and its two languages agree."""

import re
from pathlib import Path

import pytest

import bot

HANDBOOK = Path(bot.__file__).with_name("handbook")
ENGLISH = sorted((HANDBOOK / "en").glob("*.md"))
CHINESE = sorted((HANDBOOK / "zh").glob("*.md"))
IN_WORDS = {"1", "2", "3", "4", "10", "11", "12", "15", "24", "31"}
"""Numbers that one language writes as a word or as the name of a month."""


def numbers(page):
    return set(re.findall(r"\d+(?:[.,]\d+)*", page.read_text(encoding="utf-8")))


def test_it_has_pages_in_two_languages():
    assert len(ENGLISH) >= 25
    assert len(CHINESE) == 5


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: page.stem)
def test_a_page_has_a_title_sections_and_the_length_of_a_page(page):
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert text.count("\n## ") >= 5
    assert 250 <= len(text.split()) <= 600


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.stem)
def test_a_chinese_page_has_the_sections_and_the_numbers_of_the_english_one(page):
    english = HANDBOOK / "en" / page.name
    assert page.read_text(encoding="utf-8").count("\n## ") == english.read_text(encoding="utf-8").count(
        "\n## "
    )
    assert numbers(page) ^ numbers(english) <= IN_WORDS
