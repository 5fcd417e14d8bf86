"""The content words of a text, and its numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dialogue.language import content_words, numbers


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The battery is charged.", "charging batteries"),
        ("to charge two deliveries", "charging two delivery"),
        ("1,000 cycles", "1000 cycles"),
        ("ＦＵＬＬ width", "full width"),
        ("Refunds", "refunded"),
    ],
)
def test_endings_widths_and_separators_make_no_difference(first: str, second: str) -> None:
    assert content_words(first) == content_words(second)


def test_common_words_say_nothing() -> None:
    assert content_words("What is it that you would do with this, please?") == frozenset()


def test_chinese_counts_by_pairs_of_characters() -> None:
    assert content_words("保修期") == {"保修", "修期"}
    assert content_words("税") == {"税"}


def test_scripts_may_be_mixed() -> None:
    assert content_words("Hearth 10的保修") == {"hearth", "10", "的保", "保修"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,000 and 1.5 and 7", {"1000", "1.5", "7"}),
        ("€3.99 per 12 months", {"3.99", "12"}),
        ("１２ 个月", {"12"}),
        ("V14", {"14"}),
        ("none", set()),
    ],
)
def test_numbers(text: str, found: set[str]) -> None:
    assert numbers(text) == found


@given(some.text())
def test_any_text_has_words_without_spaces(text: str) -> None:
    assert all(word and not word.isspace() for word in content_words(text))
