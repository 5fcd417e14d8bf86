from hypothesis import given
from hypothesis import strategies as st

from retrieval.chunking import Chunking, estimate_tokens
from retrieval.documents import Document, DocumentBuilder, Heading

blocks = st.lists(
    st.tuples(st.sampled_from([0, 0, 0, 1, 2, 3]), st.text(st.characters(codec="utf-8"), max_size=60)),
    max_size=12,
)
budgets = st.integers(1, 40)


def drafted(parts: list[tuple[int, str]]) -> Document:
    draft = DocumentBuilder()
    for level, text in parts:
        if level:
            draft.heading(level, text)
        else:
            draft.block(text)
    return draft.document("guide.md")


@given(blocks, budgets)
def test_a_chunk_is_a_slice_of_its_document(parts: list[tuple[int, str]], budget: int) -> None:
    document = drafted(parts)
    for chunk in Chunking(budget).chunks(document):
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text == chunk.text.strip() != ""


@given(blocks, budgets)
def test_every_character_is_in_exactly_one_chunk(parts: list[tuple[int, str]], budget: int) -> None:
    document = drafted(parts)
    found = "".join(chunk.text for chunk in Chunking(budget).chunks(document))
    assert "".join(found.split()) == "".join(document.text.split())


@given(blocks, budgets)
def test_no_chunk_exceeds_the_budget(parts: list[tuple[int, str]], budget: int) -> None:
    assert all(estimate_tokens(c.text) <= budget for c in Chunking(budget).chunks(drafted(parts)))


@given(blocks)
def test_every_chunk_has_an_id_of_its_own_and_keeps_it(parts: list[tuple[int, str]]) -> None:
    ids = [chunk.id for chunk in Chunking(8).chunks(drafted(parts))]
    assert len(set(ids)) == len(ids)
    assert ids == [chunk.id for chunk in Chunking(8).chunks(drafted(parts))]


def test_the_id_survives_a_change_elsewhere_in_the_document() -> None:
    before = drafted([(1, "Returns"), (0, "Thirty days."), (1, "Shipping"), (0, "Seven days.")])
    after = drafted([(1, "Returns"), (0, "Sixty days, in fact."), (1, "Shipping"), (0, "Seven days.")])
    chunking = Chunking(least=0)
    assert [c.id for c in chunking.chunks(before)][-1] == [c.id for c in chunking.chunks(after)][-1]


def test_chunks_end_at_headings_and_name_the_titles_above_them() -> None:
    parts = [
        (1, "Heat pumps"),
        (0, "Warm."),
        (2, "Noise"),
        (0, "Quiet."),
        (3, "At night"),
        (0, "Silent."),
        (2, "Price"),
    ]
    found = [(c.heading, c.text) for c in Chunking(least=0).chunks(drafted(parts))]
    assert found == [
        ("", "Heat pumps\nWarm."),
        ("Noise", "Noise\nQuiet."),
        ("Noise > At night", "At night\nSilent."),
        ("Price", "Price"),
    ]


def test_a_section_too_short_to_stand_alone_joins_the_next() -> None:
    parts = [
        (1, "Guide"),
        (2, "Opening hours"),
        (0, "Monday to Friday, from nine to five, except on holidays."),
    ]
    (chunk,) = Chunking(least=8).chunks(drafted(parts))
    assert chunk.heading == "Opening hours"
    assert chunk.text.startswith("Guide\nOpening hours\nMonday")


def test_sections_that_are_joined_are_named_after_the_one_that_says_most() -> None:
    parts = [
        (1, "Tool"),
        (2, "Options"),
        (0, "Press the red button for ten seconds."),
        (2, "See also"),
        (0, "More."),
    ]
    (chunk,) = Chunking(least=40).chunks(drafted(parts))
    assert chunk.heading == "Options"


def test_a_heading_whose_text_is_hidden_is_in_no_chunk() -> None:
    text = "Actions\nWritten by Ann\nPress start."
    document = Document("a", "Actions", text, (Heading(1, "Actions", 0),), hidden=((8, 22),))
    assert [chunk.text for chunk in Chunking(least=0).chunks(document)] == ["Press start."]


def test_sentences_stay_whole_where_they_fit() -> None:
    text = "The first sentence is here. The second one follows. 第三句是中文。第四句也是。"
    chunks = [chunk.text for chunk in Chunking(12, least=0).chunks(Document("a", "A", text))]
    assert chunks == ["The first sentence is here. The second one follows.", "第三句是中文。", "第四句也是。"]


def test_the_encoder_reads_a_chunk_below_those_of_its_titles_that_it_does_not_hold() -> None:
    parts = [(1, "Returns"), (0, "Keep it."), (2, "Refunds"), (0, "Five days."), (0, "Ten in winter.")]
    first, second, third = Chunking(5, least=0).chunks(drafted(parts))
    assert first.embedded == "Returns\nKeep it."
    assert second.embedded == "Returns\nRefunds\nFive days."
    assert third.embedded == "Returns\nRefunds\nTen in winter."


def test_tokens_are_estimated_alike_for_words_and_ideographs() -> None:
    assert estimate_tokens("refund within 14 days") == 4
    assert estimate_tokens("十四天内退款") == 6
