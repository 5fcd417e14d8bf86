from hypothesis import given
from hypothesis import strategies as st

from retrieval.encoders.unigram import Special, UnigramTokenizer
from retrieval.reader.input import LONGEST, ReaderPassage, ReaderTokenizer, passage_of
from tests.retrieval.encoders.packed_file import PIECES

SPECIAL = Special(begin=0, end=2, padding=1, unknown=3)
PLAIN = UnigramTokenizer([piece.encode() for piece in PIECES], [-1.0] * len(PIECES), SPECIAL, 512)
TOKENIZER = ReaderTokenizer(PLAIN, SPECIAL)


def pieces(text: str) -> tuple[int, ...]:
    return tuple(PLAIN.encode([text])[0][1:-1])


def test_reads_question_titles_and_units_in_this_order() -> None:
    (read,) = TOKENIZER.inputs("quiet", [ReaderPassage("pump", ("heat quiet", "night"))])
    begin, end = SPECIAL.begin, SPECIAL.end
    question, titles, first, second = (pieces(text) for text in ("quiet", "pump", "heat quiet", "night"))
    assert read.ids == (begin, *question, end, end, *titles, *first, *second, end)
    assert [read.ids[slice(*span)] for span in read.units] == [first, second]


def test_a_long_passage_is_cut_and_what_is_cut_off_has_no_tokens() -> None:
    (read,) = TOKENIZER.inputs("quiet", [ReaderPassage("", ("heat " * 20,) * 30)])
    assert len(read.ids) == LONGEST
    assert read.units[0][1] > read.units[0][0]
    assert read.units[-1][0] == read.units[-1][1] == LONGEST - 1


def test_of_a_long_question_the_end_is_read() -> None:
    (read,) = TOKENIZER.inputs("heat " * 200 + "night", [ReaderPassage("", ("pump",))])
    assert pieces("night")[-1] in read.ids
    assert read.ids[read.units[0][0] : read.units[0][1]] == pieces("pump")


def test_titles_that_the_text_has_are_left_out() -> None:
    passage = passage_of("Manual", "Cleaning > Filter", "## Filter\nRinse it. Dry it.")
    assert passage == ReaderPassage("Manual > Cleaning", ("## Filter", "Rinse it.", "Dry it."))


@given(st.text(max_size=40), st.lists(st.text(max_size=300), max_size=4))
def test_units_follow_each_other_up_to_the_end(asked: str, units: list[str]) -> None:
    (read,) = TOKENIZER.inputs(asked, [ReaderPassage("heat", tuple(units))])
    assert len(read.ids) <= LONGEST
    assert all(left[1] == right[0] for left, right in zip(read.units, read.units[1:], strict=False))
    assert not read.units or read.units[-1][1] == len(read.ids) - 1
