"""Strings that end a reply are never shown, not even their beginning, however the text is cut into pieces."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.engines.streaming import StopStrings


def said(pieces, stops) -> tuple[str, bool]:
    stopper, given_out = StopStrings(stops), ""
    for piece in pieces:
        given_out += stopper.add(piece)
        if stopper.stopped:
            return given_out, True
    return given_out + stopper.rest(), False


@settings(deadline=None)
@given(st.text("ab\n"), st.lists(st.text("ab\n", min_size=1, max_size=3), min_size=1, max_size=3), st.data())
def test_the_text_ends_before_the_first_of_them(text, stops, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    found, stopped = said(pieces, stops)
    assert stopped == any(stop in text for stop in stops)
    assert not any(stop in found for stop in stops)
    assert text.startswith(found)
    assert stopped or found == text


def test_without_any_everything_is_given_at_once():
    assert StopStrings().add("at once") == "at once"


def test_what_may_be_a_beginning_waits_for_what_comes_next():
    stopper = StopStrings(["\n\n"])
    assert stopper.add("One line.\n") == "One line."
    assert stopper.add("Another.") == "\nAnother."
    assert stopper.add("\n\nNo more.") == ""
    assert stopper.stopped
