"""The sentence that is shown before the answer: the one with most of the question's words, whole if possible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.quotes import best_quote, with_neighbours

TEXT = (
    "Warranty\nOur bikes are built in Ghent. The warranty on the battery lasts three years. Keep the receipt."
)


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("How long is the battery's warranty?", "The warranty on the battery lasts three years."),
        ("Is there a warranty?", "The warranty on the battery lasts three years."),
        ("Where are bikes built?", "Our bikes are built in Ghent."),
        ("退货期是多久？", "Our bikes are built in Ghent."),
    ],
)
def test_the_sentence_with_most_of_the_questions_words_is_quoted(question: str, quote: str) -> None:
    assert best_quote(question, TEXT) == quote


def test_chinese_is_quoted_by_its_sentences() -> None:
    text = "电池可充电 500 次。电池保修期为三年，自购买之日起算。请保留发票。"
    assert best_quote("电池的保修期是多久？", text) == "电池保修期为三年，自购买之日起算。"


def test_a_snippet_has_the_sentences_around_the_quote() -> None:
    quote = "The warranty on the battery lasts three years."
    assert with_neighbours(quote, TEXT, 240) == TEXT
    assert with_neighbours(quote, TEXT, 70) == f"{quote} Keep the receipt."
    assert with_neighbours(quote, TEXT, 50) == quote


@given(st.text(), st.text(), st.integers(min_value=1, max_value=300))
def test_quote_and_snippet_are_words_of_the_passage(question: str, text: str, characters: int) -> None:
    quote = best_quote(question, text)
    assert quote in text
    assert bool(quote) == bool(text.strip())
    snippet = with_neighbours(quote, text, characters)
    assert snippet in text
    assert len(snippet) <= characters
