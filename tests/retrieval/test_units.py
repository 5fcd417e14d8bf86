"""What a text is read by: sentences, list items with their lead-in, rows with their head, and what refers back."""

from hypothesis import given
from hypothesis import strategies as some

from retrieval.units import join_units, read_units

GUIDE = """To reset the lamp, do this:
1. Hold the button.
2. Wait 5 seconds.
It blinks twice. A lamp costs 5 euros.
Name | Price
Lamp | 5
Table | 90"""


def needed(text: str) -> dict[str, list[str]]:
    units = read_units(text)
    texts = [text[slice(*unit.span)] for unit in units]
    return {own: [texts[n] for n in unit.needs] for own, unit in zip(texts, units, strict=True)}


def test_a_list_item_needs_its_lead_in_and_keeps_its_number() -> None:
    assert needed(GUIDE)["2. Wait 5 seconds."] == ["To reset the lamp, do this:"]


def test_a_row_needs_the_head_of_its_table() -> None:
    assert needed(GUIDE)["Table | 90"] == ["Name | Price"]


def test_a_sentence_that_begins_with_a_pronoun_needs_the_one_before_it() -> None:
    assert needed(GUIDE)["It blinks twice."] == ["2. Wait 5 seconds."]
    assert needed("Die Lampe ist neu. Diese kostet 5 Euro.")["Diese kostet 5 Euro."] == ["Die Lampe ist neu."]
    assert needed("灯很新。它五元。")["它五元。"] == ["灯很新。"]


def test_a_sentence_that_stands_alone_needs_nothing() -> None:
    assert needed(GUIDE)["A lamp costs 5 euros."] == []
    assert needed("Item 3 is new. Italy is far.")["Italy is far."] == []


def test_items_without_a_lead_in_need_nothing() -> None:
    assert needed("A list follows.\n- one\n- two") == {"A list follows.": [], "- one": [], "- two": []}


def test_neighbours_are_joined_as_they_stand_and_others_by_a_line_break() -> None:
    text = "One.  Two. Three. Four."
    assert join_units(text, read_units(text), [0, 1, 3]) == "One.  Two.\nFour."


@given(some.text(some.sampled_from("ab1.)-:| \n?。它"), max_size=60))
def test_no_character_is_lost_and_no_unit_needs_itself(text: str) -> None:
    units = read_units(text)
    assert "".join("".join(text[slice(*unit.span)].split()) for unit in units) == "".join(text.split())
    assert all(0 <= needs < number for number, unit in enumerate(units) for needs in unit.needs)
    if units:
        start, end = units[0].span[0], units[-1].span[1]
        assert join_units(text, units, range(len(units))) == text[start:end]
