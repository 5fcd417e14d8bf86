"""Near-duplicates are found whatever the case and punctuation, and what differs in substance is kept."""

import random

import pytest

from finetune.datasets.duplicates import Duplicates

LONG = "The charger takes 230 volts and must be plugged in by a qualified electrician before its first use"
WORDS = LONG.split()


def test_the_first_of_its_kind_is_new():
    assert Duplicates().first_like("a", LONG) == "a"


@pytest.mark.parametrize(
    "again",
    [
        LONG,
        LONG.upper() + "!!",
        LONG.replace(" and", ", and") + " [1].",
        LONG.replace("its first use", "the first use"),
        LONG.replace("must", "has to"),
    ],
)
def test_nearly_the_same_is_a_duplicate(again):
    seen = Duplicates()
    seen.first_like("a", LONG)
    assert seen.first_like("b", again) == "a"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (LONG, LONG.replace("230", "110")),
        ("May I return it?", "May I keep it?"),
        ("保修期是多久？", "退货期是多久？"),
        ("", "a"),
        (LONG, " ".join(random.Random(1).sample(WORDS, len(WORDS)))),
    ],
)
def test_what_says_something_else_is_not(text, other):
    seen = Duplicates()
    seen.first_like("a", text)
    assert seen.first_like("b", other) == "b"


def test_only_what_must_be_equal_and_is_can_be_a_duplicate():
    seen = Duplicates()
    assert seen.first_like("a", LONG, exactly="welcome") == "a"
    assert seen.first_like("b", LONG, exactly="unwelcome") == "b"
    assert seen.first_like("c", LONG, exactly="welcome") == "a"


def test_among_many_texts_each_repetition_finds_its_own():
    draw = random.Random(7)
    texts = [" ".join(draw.choices(WORDS, k=14)) + f" {number}" for number in range(2_000)]
    seen = Duplicates()
    first = [seen.first_like(str(number), text) for number, text in enumerate(texts)]
    assert first == [str(number) for number in range(2_000)]
    assert [seen.first_like("again", text.upper()) for text in texts] == first
