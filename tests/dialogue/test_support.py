"""A sentence is supported if its numbers, names, words and negation are; names of a neighbour do not count."""

import pytest

from dialogue.conversation import Passage
from dialogue.support import SupportCheck


def supported(sentence: str, *texts: str, question: str = "?", marked: int = 1) -> list[int]:
    passages = [Passage(n, f"c{n}", "", "", text, 1.0) for n, text in enumerate(texts, 1)]
    return [p.n for p in SupportCheck(passages, question).supporting(sentence, frozenset({marked}))]


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("It costs 10 euros to send a parcel.", "Sending a parcel: €10."),
        ("1. Press the green button.", "Press the green button to start the pump."),
        ("No, shipping charges are not refundable.", "Shipping charges are not refundable."),
        ("Nein, Versandkosten werden nicht erstattet.", "Versandkosten werden nicht erstattet."),
        ("不能，运费不予退还。", "运费不予退还。"),
        ("Der Versand dauert 3 Tage.", "Die Versanddauer beträgt drei Tage."),
        ("The Cedar is sold since May 2019.", "Cedar: sold since 2019-05-02."),
        ("PKCS-Schlüssel liegen auf dem Server.", "Auf dem Server liegen die PKCS#12-Schlüssel."),
        ("电池保修三年。", "电池的保修期为三年，自购买之日起算。"),
    ],
)
def test_what_a_passage_says(sentence: str, text: str) -> None:
    assert supported(sentence, text) == [1]


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("It has 32 MB of memory.", "It has a 32-bit processor and 32 kB of memory."),
        ("Shipping charges are refundable.", "Shipping charges are not refundable."),
        ("Versandkosten werden erstattet.", "Versandkosten werden nicht erstattet."),
        ("运费予以退还。", "运费不予退还。"),
        ("You save by using a rewards member card at the airport counter.", "You save when you book early."),
        (
            "Man spart mit der goldenen Kundenkarte am Flughafenschalter viel Geld.",
            "Man spart bei früher Buchung.",
        ),
        ("The LibreVNA weighs 400 g.", "The device weighs 400 g."),
        ("The battery of the Birch lasts long.", "The battery of the Cedar lasts long."),
    ],
)
def test_what_it_does_not_say(sentence: str, text: str) -> None:
    assert supported(sentence, text) == []


def test_the_question_may_give_a_name_unless_another_passage_is_about_it() -> None:
    asked = "How heavy is the Birch?"
    assert supported("The Birch weighs 4 kg.", "The bike weighs 4 kg.", question=asked) == [1]
    assert (
        supported("The Birch weighs 4 kg.", "The Cedar weighs 4 kg.", "The Birch is red.", question=asked)
        == []
    )


def test_a_number_of_the_next_row_is_not_that_of_the_row() -> None:
    rows = "Model: Cedar; Sold since: 2019; Wheels: 2\nModel: Birch; Sold since: 2021; Wheels: 3"
    assert supported("The Cedar is sold since 2019.", rows) == [1]
    assert supported("The Cedar is sold since 2021.", rows) == []


def test_two_passages_may_support_a_sentence_together() -> None:
    passages = [
        Passage(1, "a", "", "", "Novels can be kept for 28 days.", 1.0),
        Passage(2, "b", "", "", "Films can be kept for 7 days.", 1.0),
    ]
    check = SupportCheck(passages, "How long can I keep them?")
    sentence = "Novels can be kept for 28 days and films for 7 days."
    assert [p.n for p in check.supporting(sentence, frozenset({1, 2}))] == [1, 2]


def test_across_languages_markers_numbers_and_names_decide() -> None:
    english = (
        "The warranty on the battery lasts three years if you keep the receipt and the box that it came in."
    )
    sentence = "Die Garantie auf den Akku gilt drei Jahre, wenn du die Rechnung aufhebst."
    assert supported(sentence, english) == [1]
    assert supported(sentence.replace("drei", "vier"), english) == []
    assert supported(sentence, english, marked=7) == []
