"""Where sentences begin and end, in English and its neighbours and in Chinese, by punctuation alone.

Knows no grammar and needs no model: a wrong guess splits or joins two sentences, it never loses a character.
"""

import re
from collections.abc import Iterator

Span = tuple[int, int]
"""Offsets into a text: `text[start:end]`."""

_CLOSERS = r"[\"'”’」』）)\]】》]*"
_END = re.compile(rf"[。！？；…]+{_CLOSERS}|[.!?]+{_CLOSERS}(?=\s|$)|\n+")
_NEVER_LAST = re.compile(r"(?:\b(?i:mr|mrs|ms|dr|prof|st|vs|cf|e\.g|i\.e)|\b[A-Z])\.$")
_BEFORE_NUMBER = re.compile(r"\b(?i:no|fig|vol|p|pp|art|sec|approx)\.$")


def sentences(text: str) -> Iterator[Span]:
    """The spans of the sentences of `text`, in order, without the white space around them.

    A line break ends a sentence. Every character that is not white space lies in exactly one span.
    """
    start = 0
    for mark in _END.finditer(text):
        if _ends(text, start, mark):
            yield from _trimmed(text, start, mark.end())
            start = mark.end()
    yield from _trimmed(text, start, len(text))


def _ends(text: str, start: int, mark: re.Match[str]) -> bool:
    if not mark.group().startswith("."):
        return True
    following = text[mark.end() : mark.end() + 3].lstrip()[:1]
    sofar = text[max(start, mark.end() - 12) : mark.end()]
    if following.islower() or _NEVER_LAST.search(sofar):
        return False
    return not (following.isdigit() and _BEFORE_NUMBER.search(sofar))


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
