"""How a model asks back: a question and its options; whatever has another form is an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.asking import ASK, QuestionBack, may_ask_back, parse_question_back

LINE = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1).filter(
    lambda text: text.strip("-*•")
)


def test_a_question_with_options_is_parsed() -> None:
    said = "ASK: Which one do you mean?\n- the Cedar\n- the Birch"
    assert parse_question_back(said) == QuestionBack("Which one do you mean?", ("the Cedar", "the Birch"))


@pytest.mark.parametrize(
    "said",
    [
        "",
        "NO ANSWER",
        "[1] Yes.",
        "[1] Two models:\n- the Cedar\n- the Birch",
        "ASK: Which one?",
        "ASK:\n- the Cedar\n- the Birch",
        "ASK: Which one?\n- the Cedar",
        "ASK: Which one?\n- the Cedar\n- the Cedar",
    ],
)
def test_an_answer_and_a_question_without_a_choice_ask_nothing(said: str) -> None:
    assert parse_question_back(said) is None


@given(LINE, st.lists(LINE, min_size=2, max_size=5, unique=True))
def test_what_is_written_is_what_is_read(question: str, options: list[str]) -> None:
    asked = QuestionBack(question, tuple(options))
    assert parse_question_back(str(asked)) == asked


@given(st.integers(0, 30))
def test_every_beginning_of_a_question_back_may_become_one(length: int) -> None:
    assert may_ask_back(f"{ASK} Which one?\n- the Cedar"[:length])


@pytest.mark.parametrize("text", ["[", "A yes.", "NO", "ask"])
def test_other_beginnings_may_not(text: str) -> None:
    assert not may_ask_back(text)
