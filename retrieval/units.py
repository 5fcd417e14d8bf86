"""What a text is read by: sentences, list items and table rows, and which of them need another one to be understood.

By punctuation and first words alone. Knows no question and no encoder.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retrieval.sentences import Span, sentences

_ITEM = re.compile(r"(?:[-*•–·]|\(?(?:\d{1,3}|[a-z])[.)])\s+\S")
_MARK = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]")
"""The number of a list item, which `sentences` takes for a sentence."""
_ROW = re.compile(r"\|.*\||\S.* \| .*\S")
_LEAD_IN = re.compile(r"[:：]$")
_REFERS_BACK = re.compile(
    r"(?:it|its|this|that|these|those|they|their|he|she|his|her|such|otherwise|however|but|also|then|therefore|"
    r"instead|if so|if not|in (?:this|that|these|those) cases?|"
    r"diese[rsmn]?|dies|dabei|dazu|dann|dafür|damit|dadurch|danach|sonst|andernfalls|jedoch|"
    r"ils?|elles?|cela|ceci|ces?|cette|sinon|ensuite|alors|"
    r"est[eao]|est[oa]s|ello|además|entonces|quest[oaie]|inoltre|altrimenti|"
    r"isso|isto|ess[ea]s?|então|dit|deze|anders)\b|[它这那该其此]|これ|それ|この|その|また",
    re.IGNORECASE,
)
"""How a sentence begins that speaks of the one before it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """needs: the numbers, within the text, of the units without which this one is not understood."""

    span: Span
    needs: tuple[int, ...] = ()


def read_units(text: str) -> list[Unit]:
    """The units of a text in order. Every character that is not white space lies in exactly one of them."""
    spans = list(_joined_marks(text))
    texts = [text[slice(*span)] for span in spans]
    return [Unit(span, _needs(texts, number)) for number, span in enumerate(spans)]


def join_units(text: str, units: Sequence[Unit], chosen: Sequence[int]) -> str:
    """The chosen units, in order: neighbours with what stands between them, others on lines of their own."""
    parts: list[str] = []
    for number, previous in zip(chosen, (None, *chosen), strict=False):
        start, end = units[number].span
        if previous is not None:
            parts.append(text[units[previous].span[1] : start] if previous == number - 1 else "\n")
        parts.append(text[start:end])
    return "".join(parts)


def _joined_marks(text: str) -> Iterator[Span]:
    """Sentences, with the number of a list item in the item."""
    mark: Span | None = None
    for start, end in sentences(text):
        if mark is None and _MARK.fullmatch(text, start, end):
            mark = start, end
            continue
        if mark is not None and "\n" in text[mark[1] : start]:
            yield mark
            mark = None
        yield (start if mark is None else mark[0]), end
        mark = None
    if mark is not None:
        yield mark


def _needs(texts: Sequence[str], number: int) -> tuple[int, ...]:
    if number == 0:
        return ()
    text, previous = texts[number], number - 1
    if _ROW.match(text):
        first = _first(texts, number, _ROW)
        return () if first == number else (first,)
    if _ITEM.match(text):
        above = _first(texts, number, _ITEM) - 1
        return (above,) if above >= 0 and _LEAD_IN.search(texts[above]) else ()
    return (previous,) if _REFERS_BACK.match(text) or _LEAD_IN.search(texts[previous]) else ()


def _first(texts: Sequence[str], number: int, kind: re.Pattern[str]) -> int:
    """The first of the unbroken run of units of a kind that ends with `number`."""
    while number and kind.match(texts[number - 1]):
        number -= 1
    return number
