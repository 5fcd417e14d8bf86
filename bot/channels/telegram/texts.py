"""Text with styles, measured and cut as Telegram measures it: 4,096 UTF-16 code units a message.

Knows Telegram's entities and where a text may be broken. Knows nothing of Markdown, answers or sending.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

LONGEST = 4096
"""UTF-16 code units in one message, after Telegram has taken out the entities (Bot API, sendMessage)."""

PARAGRAPH = re.compile(r"\n\s*\n")
SENTENCE = re.compile(r"[.!?…]+[\"'”’)]*(?:\s?\[\d+\])*(?=\s)|[。！？；]+[”’」』）]*(?:\[\d+\])*")
LINE = re.compile(r"\n")
WORD = re.compile(r"\s+|[，、：]")
BREAKS = (PARAGRAPH, SENTENCE, LINE, WORD)
"""Where to cut, best first."""

JOINER = "\u200d"


def width(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


@dataclass(frozen=True, slots=True)
class Span:
    """A style over `text[start:end]`; `kind` is a MessageEntity type, `detail` its language or address."""

    kind: str
    start: int
    end: int
    detail: str | None = None

    def within(self, start: int, end: int) -> Self:
        """The part of it that lies in a slice, counted from the slice's beginning; may be empty."""
        return replace(self, start=max(self.start, start) - start, end=min(self.end, end) - start)


@dataclass(frozen=True, slots=True)
class Styled:
    """A text and its spans, in code points."""

    text: str
    spans: tuple[Span, ...] = ()

    def __add__(self, other: "Styled") -> "Styled":
        shift = len(self.text)
        moved = (replace(span, start=span.start + shift, end=span.end + shift) for span in other.spans)
        return Styled(self.text + other.text, (*self.spans, *moved))

    def styled(self, kind: str) -> "Styled":
        """All of it in one more style, which encloses the others."""
        return Styled(self.text, (Span(kind, 0, len(self.text)), *self.spans))

    def slice(self, start: int, end: int) -> "Styled":
        """`text[start:end]` without white space around it, and the spans that reach into it."""
        body = self.text[start:end]
        start += len(body) - len(body.lstrip())
        body = body.strip()
        inner = (span.within(start, start + len(body)) for span in self.spans)
        return Styled(body, tuple(span for span in inner if span.start < span.end))

    @property
    def message(self) -> dict[str, Any]:
        """`text` and `entities` (the spans, offsets in UTF-16 code units) as the Bot API's JSON has them."""
        return {"text": self.text, "entities": self._entities()}

    def _entities(self) -> list[dict[str, Any]]:
        return [
            {
                "type": span.kind,
                "offset": width(self.text[: span.start]),
                "length": width(self.text[span.start : span.end]),
            }
            | _detail(span)
            for span in self.spans
        ]


def _detail(span: Span) -> dict[str, str]:
    if span.detail is None:
        return {}
    return {"url" if span.kind == "text_link" else "language": span.detail}


def clean(text: str) -> str:
    """`text` as UTF-8 can carry it: halves of surrogate pairs joined or replaced, NULs taken out."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def split(styled: Styled, longest: int = LONGEST) -> list[Styled]:
    """Parts of at most `longest` UTF-16 code units, in order, none blank; a cut style goes on in the next.

    Cuts after a paragraph, else a sentence, a line, a word, in the second half of what fits; outside of every
    span if there is such a place; never within a character.
    """
    return [part for part in _parts(styled, longest) if part.text]


def _parts(styled: Styled, longest: int) -> Iterator[Styled]:
    start = 0
    while (end := _reach(styled.text, start, longest)) < len(styled.text):
        cut = _cut(styled, start, end)
        yield styled.slice(start, cut)
        start = cut
    yield styled.slice(start, end)


def _reach(text: str, start: int, longest: int) -> int:
    """The furthest end such that `text[start:end]` fits."""
    units = text[start : start + longest].encode("utf-16-le")[: 2 * longest]
    return start + len(units.decode("utf-16-le", "ignore"))


def _cut(styled: Styled, start: int, end: int) -> int:
    half = (start + end) // 2
    whole = [span for span in styled.spans if span.start < end and span.end > half]
    for spans in (whole, []):
        for pattern in BREAKS:
            places = (match.end() for match in pattern.finditer(styled.text, half, end))
            if place := max(_outside(places, spans), default=0):
                return place
    return _between_characters(styled.text, half, end)


def _outside(places: Iterable[int], spans: list[Span]) -> Iterator[int]:
    return (place for place in places if not any(span.start < place < span.end for span in spans))


def _between_characters(text: str, half: int, end: int) -> int:
    """The last place up to `end` that parts no character from its accents, joiners and variants."""
    for place in range(end, max(half, end - 50), -1):
        if not _clings(text[place]) and text[place - 1] != JOINER:
            return place
    return end


def _clings(character: str) -> bool:
    return character == JOINER or unicodedata.category(character) in {"Mn", "Me", "Mc", "Sk"}
