"""The segments of an answer that is being written: sentences, lines of lists and tables, whole blocks of code.

A segment is given out as soon as it is certain where it ends, so that it can be checked and shown while the model
writes the next one. Markers `[n]` stay with the sentence that they belong to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.sentences import sentences

MARKER = r"[\[【［]\s*\d+(?:\s*[,，、;；–-]\s*\d+)*\s*[\]】］]"
MARKERS = re.compile(rf"(?<!\s)\s*{MARKER}")
"""Markers in any form that a model writes: `[1]`, `[1, 2]`, `【1】`."""
_AFTER_SENTENCE = re.compile(
    r"(?<=[^\s.!?。！？；…\]】］])([.!?。！？；…][\"'”’」』）)]*)"
    rf"((?:[^\S\n]*{MARKER})+)(?=[^\S\n]*(?:\n|[^\s\[【［.!?。！？；…]))(?=([^\s\[【［])?)"
)
"""The end of a sentence without a marker, and the markers after it."""
_CITED_END = re.compile(rf"{MARKER}[.!?。！？](?=\s)")
"""The end of a sentence with a marker: certain whatever follows."""
_INLINE_ITEM = re.compile(r"(?<=[.:;。：；]) +- +(?=\S)")
"""Separates the items of a list that a model wrote on one line."""
_ENDS_BEFORE_ITEM, _ITEM_AFTER_SEGMENT = tuple(".:;。：；"), re.compile(r" +- +(?=\S)")
"""The same where what stands before the item was given out already."""
_MAY_BE_MARKERS = re.compile(rf"(?:{MARKER}\s*)*(?:[\[【［][\d\s,，、;；–-]*)?$")
_MAY_BE_ITEM = re.compile(r"-\s*$")
_FENCE = re.compile(r"```|~~~")
_SHORT_END = re.compile(r"\b\w{1,2}\.$")
"""May be an ordinal or an abbreviation: the next word decides."""
_NEXT_WORD = 12


@dataclass(frozen=True, slots=True)
class Segment:
    """gap: the white space before it, on one line as one character."""

    gap: str
    text: str

    @property
    def is_code(self) -> bool:
        """Whether it is a fenced block of code."""
        return bool(_FENCE.match(self.text))


class SegmentReader:
    """Takes the pieces of a text as they are written, and gives out its segments."""

    def __init__(self) -> None:
        self._rest = ""
        self._started = False
        self._markers_lead = False
        self._last = ""

    def add(self, text: str) -> Iterator[Segment]:
        """The segments that are certain after the next piece of the text."""
        self._rest += text
        while segment := self._next(final=False):
            yield segment

    def finish(self) -> Iterator[Segment]:
        """What is left at the end of the text."""
        self._rest += "\n"
        while segment := self._next(final=True):
            yield segment

    def _next(self, *, final: bool) -> Segment | None:
        if self._last.endswith(_ENDS_BEFORE_ITEM) and (item := _ITEM_AFTER_SEGMENT.match(self._rest)):
            self._rest = "\n- " + self._rest[item.end() :]
        start = len(self._rest) - len(self._rest.lstrip())
        if start == len(self._rest) or not (final or self._knows_style(start)):
            return None
        end = self._end(start, final)
        if end is None:
            return None
        self._started = True
        gap = self._rest[:start]
        segment = Segment(gap if "\n" in gap else gap[:1], self._rest[start:end].strip())
        self._last = self._rest[:end]
        self._rest = self._rest[end:]
        return segment

    def _knows_style(self, start: int) -> bool:
        """Whether it is known if markers stand before their sentences: decided by the beginning of the text."""
        return self._started or not _MAY_BE_MARKERS.match(self._rest, start)

    def _end(self, start: int, final: bool) -> int | None:
        """Where the segment that begins at `start` ends; None if that is not certain."""
        begins_line = not self._started or "\n" in self._rest[:start]
        if begins_line and (fence := _FENCE.match(self._rest, start)):
            return self._end_of_code(fence, final)
        if self._rest[start] == "|":
            line_end = self._rest.find("\n", start)
            return line_end if line_end > 0 else None
        return self._end_of_sentence(start, final)

    def _end_of_code(self, fence: re.Match[str], final: bool) -> int | None:
        close = re.compile(rf"\n\s*{fence.group()}[^\n]*").search(self._rest, fence.end())
        if close and (final or "\n" in self._rest[close.end() :]):
            return close.end()
        return len(self._rest) if final else None

    def _end_of_sentence(self, start: int, final: bool) -> int | None:
        if not self._started:
            self._markers_lead = bool(MARKERS.match(self._rest[start:]))
        line_end = self._rest.find("\n", start) + 1 or len(self._rest)
        line = self._normalized(self._rest[start:line_end])
        self._rest = self._rest[:start] + line + self._rest[line_end:]
        _, end = next(sentences(self._rest))
        cited = None if self._markers_lead else _CITED_END.search(self._rest, start, end + 1)
        if cited:
            return cited.end()
        return end if final or self._is_certain(end) else None

    def _normalized(self, text: str) -> str:
        """Items of a list on lines of their own; markers inside their sentence, unless the text has them before it."""
        text = text if self._markers_lead else _AFTER_SENTENCE.sub(_moved, text)
        return _INLINE_ITEM.sub("\n- ", text)

    def _is_certain(self, end: int) -> bool:
        """Whether what follows can no longer change that a sentence ends here."""
        after = self._rest[end:]
        following = after.lstrip()
        if "\n" in after[: len(after) - len(following)]:
            return True
        if (not self._markers_lead and _MAY_BE_MARKERS.match(following)) or _MAY_BE_ITEM.match(following):
            return False
        return len(following) >= (_NEXT_WORD if _SHORT_END.search(self._rest[:end]) else 1)


def _moved(match: re.Match[str]) -> str:
    end, markers, glued = match.groups()
    return f"{markers}{end}{' ' if glued and end[0].isascii() else ''}"


def segments(text: str) -> Iterator[Segment]:
    """The segments of a whole text."""
    reader = SegmentReader()
    yield from reader.add(text)
    yield from reader.finish()
