"""Text comes out of tokens piece by piece, whole characters only, and nothing is lost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.engines.streaming import Detokenizer

BOOKS = st.lists(st.binary(min_size=1, max_size=3), max_size=40)
"""Tokens of one to three bytes, as byte-level vocabularies have them: characters are spread over several, or broken."""


def decode(tokens) -> str:
    return b"".join(tokens).decode(errors="replace")


def pieces(tokens, at_once: int = 1) -> list[str]:
    detokenizer = Detokenizer(decode)
    groups = [tokens[start : start + at_once] for start in range(0, len(tokens), at_once)]
    return [*(detokenizer.add(group) for group in groups), detokenizer.rest()]


def split(text: str, size: int) -> list[bytes]:
    whole = text.encode()
    return [whole[start : start + size] for start in range(0, len(whole), size)]


@settings(deadline=None)
@given(BOOKS, st.integers(1, 4))
def test_the_pieces_joined_are_the_whole_whatever_the_bytes(tokens, at_once):
    assert "".join(pieces(tokens, at_once)) == decode(tokens)


@settings(deadline=None)
@given(st.text(), st.integers(1, 5))
def test_no_piece_of_good_text_holds_half_a_character(text, size):
    text = text.replace("\ufffd", "")
    found = pieces(split(text, size))
    assert "".join(found) == text
    assert "\ufffd" not in "".join(found)


def test_a_character_comes_with_its_last_byte():
    assert pieces(split("世🎉", 1)) == ["", "", "世", "", "", "", "🎉", ""]


def test_a_reply_that_breaks_off_inside_a_character_says_so_at_the_end():
    assert pieces([b"a", "世".encode()[:2]]) == ["a", "", "\ufffd"]


def test_a_long_reply_is_not_decoded_from_its_beginning_again():
    longest = 0

    def watched(tokens) -> str:
        nonlocal longest
        longest = max(longest, len(tokens))
        return decode(tokens)

    detokenizer = Detokenizer(watched)
    for token in split("Ten years. 十年。" * 50, 1):
        detokenizer.add([token])
    assert longest < 10
