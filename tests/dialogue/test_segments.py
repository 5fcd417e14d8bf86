"""The segments of an answer: the same however the text comes in, and each given out as early as it is certain."""

import re
from itertools import cycle

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from dialogue.segments import Segment, SegmentReader, segments

PARTS = (
    "Pay 3.5 euros. |[1]|[2] |Am 22. Mai|z. B. |\n|\n- |- |1. |```\n"
    "|x = 1.|\n```\n|| a | b |\n|借28天。|? |[|]|「好。」| "
)
MARKS_IN_A_ROW = re.compile(r"(?:^|[^\w\]】］])\s*[.!?。！？；…]")
"""Where sentences without a word end, it may depend on the pieces."""
TEXTS = (
    some.text(max_size=80) | some.lists(some.sampled_from(PARTS.split("|")), max_size=20).map("".join)
).filter(lambda text: not MARKS_IN_A_ROW.search(text))


def texts(text: str) -> list[str]:
    return [segment.text for segment in segments(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It is 5 km. [1] It is far.", ["It is 5 km [1].", "It is far."]),
        ("[1] It is 5 km. [2] It is far.", ["[1] It is 5 km.", "[2] It is far."]),
        ("Far.[1] Or near.[2]", ["Far[1].", "Or near[2]."]),
        ('"Go." [1][2] Then stop.', ['"Go [1][2]."', "Then stop."]),
        ("Am 22. Mai kostet es 3.5 Euro. Danach 4.", ["Am 22. Mai kostet es 3.5 Euro.", "Danach 4."]),
        ("借28天。[1]电影7天。【2】", ["借28天[1]。", "电影7天【2】。"]),
        ("Two things:\n1. Open it.\n2. Close it.", ["Two things:", "1. Open it.", "2. Close it."]),
        ("Two things: - Open it. - Close it.", ["Two things:", "- Open it.", "- Close it."]),
        ("| a | b |\n|---|---|\n| 1. | 2 |", ["| a | b |", "|---|---|", "| 1. | 2 |"]),
        ("Run:\n```\na. b\n\nc. d\n```\nDone.", ["Run:", "```\na. b\n\nc. d\n```", "Done."]),
        ("Run:\n```\na. b\n\nc", ["Run:", "```\na. b\n\nc"]),
        ("", []),
    ],
)
def test_sentences_lines_and_blocks(text: str, parts: list[str]) -> None:
    assert texts(text) == parts


def test_the_gaps_keep_lines_apart() -> None:
    assert list(segments("One. Two.\n\nThree.")) == [
        Segment("", "One."),
        Segment(" ", "Two."),
        Segment("\n\n", "Three."),
    ]


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("It is far. I", ["It is far."]),
        ("It is far.", []),
        ("It is far. [1", []),
        ("It is far. [1] I", ["It is far [1]."]),
        ("It is far [1].", []),
        ("It is far [1]. ", ["It is far [1]."]),
        ("It is far\n", ["It is far"]),
        ("Am 22. M", []),
        ("[", []),
        ("```\nx. y\n", []),
    ],
)
def test_a_sentence_is_given_out_once_its_end_is_certain(written: str, known: list[str]) -> None:
    assert [segment.text for segment in SegmentReader().add(written)] == known


@given(TEXTS, some.lists(some.integers(1, 9), min_size=1))
@example("Two.[0]- one", [6, 5])
def test_pieces_of_any_size_give_the_same_segments(text: str, sizes: list[int]) -> None:
    reader, rest, found = SegmentReader(), text, list[Segment]()
    for size in cycle(sizes):
        found += reader.add(rest[:size])
        rest = rest[size:]
        if not rest:
            break
    assert [*found, *reader.finish()] == list(segments(text))


@given(TEXTS)
def test_no_character_is_lost(text: str) -> None:
    def letters(part: str) -> list[str]:
        return sorted(part.replace("-", "").replace(" ", "").split())

    whole = "".join(segment.gap + segment.text for segment in segments(text))
    assert sorted("".join(letters(whole))) == sorted("".join(letters(text)))
