"""What belongs to a document's form is not said."""

import pytest

from dialogue.citations import check_citations
from dialogue.conversation import Passage
from dialogue.plain_text import plain

PASSAGE = "Delivery\nWe deliver to all of Europe.\n\nOur Team\n- Ada\n- Ben"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Delivery We deliver to all of Europe.", "We deliver to all of Europe."),
        ("We deliver to all of Europe.", "We deliver to all of Europe."),
        ("Delivery takes two days.", "Delivery takes two days."),
        ("A: Press the button.", "Press the button."),
        ("Antwort: Knopf drücken.", "Knopf drücken."),
        ("Use the :ref:`index page <index>` or :kbd:`Ctrl`.", "Use the index page or Ctrl."),
        ("Run ``make`` in `the folder <https://a.example>`_.", "Run `make` in the folder."),
        ("Choose it {#choose-it}.", "Choose it."),
        ("{% alert %}Mind the gap.", "Mind the gap."),
        ("Run `make`.", "Run `make`."),
    ],
)
def test_markup_headings_and_speakers_are_left_out(written: str, said: str) -> None:
    assert plain(written, [PASSAGE]) == said


def test_code_keeps_its_lines_if_a_passage_has_them() -> None:
    shown = [Passage(1, "c", "", "", "Put this in the file:\n\nhid:\n  mouse: false\n", 1.0)]
    written = "Put this in the file [1]:\n```\nhid:\n  mouse: false\n```"
    assert check_citations(written, shown, "?").text == written
    assert "```" not in check_citations(written.replace("false", "true"), shown, "?").text


def test_the_quote_is_the_sentence_with_the_number() -> None:
    text = "The bike carries 150 kg and goes far on one battery. On one battery it goes 80 km."
    (citation,) = check_citations(
        "It goes 80 km on one battery.", [Passage(1, "c", "", "", text, 1.0)], "?"
    ).citations
    assert citation.quote == "On one battery it goes 80 km."
