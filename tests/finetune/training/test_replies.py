"""What a model should learn to say is what the passages say."""

import pytest

from dialogue.conversation import Passage
from finetune.training.replies import grounded_reply
from tests.finetune.training.material import PASSAGES, grounding

SHOWN = tuple(Passage(n, p.id, p.title, p.id, p.text, 1.0) for n, p in enumerate(PASSAGES[::-1], 1))
"""The ferry is the third."""


def test_a_short_answer_becomes_the_sentence_it_stands_in() -> None:
    assert grounded_reply(grounding("nine"), SHOWN) == "[3] The ferry leaves the old harbour at nine."


def test_of_several_places_the_one_nearest_the_question_is_taken() -> None:
    example = grounding("museum", question="Who visits it for free?", evidence=("museum",))
    assert grounded_reply(example, SHOWN) == "[2] Children visit the museum for free."


def test_a_near_quotation_stays_as_it_is() -> None:
    said = "The ferry leaves the harbour at nine."
    assert grounded_reply(grounding(said), SHOWN) == f"[3] {said}"


def test_an_answer_in_own_words_becomes_the_sentences_that_say_it() -> None:
    example = grounding("You pay four crowns and buy your tickets from the crew.")
    assert grounded_reply(example, SHOWN) == "[3] Tickets cost four crowns on board."


def test_markers_of_the_answer_are_no_part_of_it() -> None:
    assert grounded_reply(grounding("nine [7]"), SHOWN) == "[3] The ferry leaves the old harbour at nine."


def test_what_is_not_answered_is_refused() -> None:
    assert grounded_reply(grounding("", answerable=False, evidence=()), SHOWN) == "NO ANSWER"


@pytest.mark.parametrize(
    "unclear",
    [
        grounding("nine", answerable="partial"),
        grounding("nine", evidence=()),
        grounding(" [1] "),
        grounding("Bicycles rust quickly."),
    ],
    ids=["partial", "no evidence", "empty", "not in the passages"],
)
def test_what_is_not_clear_teaches_nothing(unclear) -> None:
    assert grounded_reply(unclear, SHOWN) is None
