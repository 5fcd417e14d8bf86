"""Texts are cut where a reader would cut them, as Telegram measures them, and lose nothing but white space."""

import string

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.rendering import (
    MAX_MESSAGE_UNITS,
    Span,
    StyledText,
    sanitize,
    split_text,
    utf16_length,
)

KINDS = st.sampled_from(["bold", "italic", "expandable_blockquote"])
TEXTS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(" \n\n.。!😀👍🏽é漢字"))).map(
    sanitize
)


@st.composite
def styled(draw: st.DrawFn) -> StyledText:
    text = draw(TEXTS.map(lambda text: text * 3))
    spans = []
    for _ in range(draw(st.integers(0, 4)) if text else 0):
        start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        if start < end:
            spans.append(Span(draw(KINDS), start, end))
    return StyledText(text, tuple(spans))


def visible(text: str) -> str:
    return "".join(text.split())


def marked(parts: list[StyledText], kind: str) -> str:
    """All visible characters in a style, in order."""
    return "".join(
        visible(character)
        for part in parts
        for thread, character in enumerate(part.text)
        if any(span.kind == kind and span.start <= thread < span.end for span in part.spans)
    )


@given(styled(), st.integers(2, 60))
def test_parts_fit_and_together_are_the_text(whole: StyledText, longest: int) -> None:
    parts = split_text(whole, longest)

    assert all(0 < utf16_length(part.text) <= longest for part in parts)
    assert visible("".join(part.text for part in parts)) == visible(whole.text)


@given(styled(), st.integers(2, 60))
def test_styles_go_on_in_the_next_part(whole: StyledText, longest: int) -> None:
    parts = split_text(whole, longest)

    assert all(0 <= span.start < span.end <= len(part.text) for part in parts for span in part.spans)
    for kind in ("bold", "italic", "expandable_blockquote"):
        assert marked(parts, kind) == marked([whole], kind)


@given(styled())
def test_entities_count_utf_16_code_units(whole: StyledText) -> None:
    units = whole.text.encode("utf-16-le")

    for entity, span in zip(whole.message["entities"], whole.spans, strict=True):
        piece = units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])]
        assert piece.decode("utf-16-le") == whole.text[span.start : span.end]


@given(st.text())
def test_clean_text_can_always_be_sent(text: str) -> None:
    assert "\0" not in sanitize(text).encode().decode()


def test_a_short_text_is_one_part() -> None:
    assert split_text(StyledText("Yes.")) == [StyledText("Yes.")]
    assert split_text(StyledText(" \n ")) == []


def test_cuts_after_a_paragraph_first() -> None:
    parts = split_text(StyledText("One. Two.\n\nThree. Four."), 18)

    assert [part.text for part in parts] == ["One. Two.", "Three. Four."]


def test_cuts_after_a_sentence_with_its_citation() -> None:
    parts = split_text(StyledText("The charger takes 230 volts. [1] It is grey and quiet."), 40)

    assert [part.text for part in parts] == ["The charger takes 230 volts. [1]", "It is grey and quiet."]


def test_cuts_chinese_after_a_full_stop() -> None:
    parts = split_text(StyledText("电池保修十年。逆变器保修五年。"), 12)

    assert [part.text for part in parts] == ["电池保修十年。", "逆变器保修五年。"]


def test_leaves_a_style_whole_where_it_can() -> None:
    text = "First some words here and then a long bold phrase to end"
    bold = Span("bold", text.index("a long"), len(text))

    parts = split_text(StyledText(text, (bold,)), 50)

    assert [part.text for part in parts] == [text[: bold.start - 1], text[bold.start :]]


def test_an_emoji_counts_twice_and_is_never_halved() -> None:
    parts = split_text(StyledText("😀" * MAX_MESSAGE_UNITS))

    assert [utf16_length(part.text) for part in parts] == [MAX_MESSAGE_UNITS, MAX_MESSAGE_UNITS]


def test_a_character_keeps_its_accents_and_joiners() -> None:
    family = "👩\u200d👩\u200d👧"
    parts = split_text(StyledText(family * 20), 30)

    assert all(set(part.text.split(family)) == {""} for part in parts)


def test_ten_thousand_sentences_are_cut_quickly() -> None:
    sentence = string.ascii_lowercase + ". "
    parts = split_text(
        StyledText(sentence * 10_000, tuple(Span("bold", 28 * n, 28 * n + 5) for n in range(2_000)))
    )

    assert len(parts) == -(-28 * 10_000 // (MAX_MESSAGE_UNITS // 28 * 28))
