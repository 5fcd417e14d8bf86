"""Where sentences begin and end, by the punctuation of many scripts and the abbreviations of European languages.

Knows no grammar and needs no model: a wrong guess splits or joins two sentences, it never loses a character.
"""

import re
from collections.abc import Iterator

Span = tuple[int, int]
"""Offsets into a text: `text[start:end]`."""

_CLOSERS = r"[\"'”’」』）)\]】》]*"
_END = re.compile(rf"[。！？；…؟۔।]+{_CLOSERS}|[.!?]+{_CLOSERS}(?=\s|$)|\n+")
_NEVER_LAST = re.compile(
    r"(?:\b(?i:mr|mrs|ms|dr|prof|st|vs|cf|e\.g|i\.e|approx|incl|excl|dept|z\. ?b|d\. ?h|u\. ?a|i\. ?d\. ?r|ca|"
    r"mlle|sigg?|dott|prof\.ssa|dhr|mevr|bijv|ul|hab|ул|им|ee|evtl|"
    r"ggf|inkl|exkl|zzgl|bzw|vgl|sog|mio|mrd|sr|sra|dra|uds?|p\. ?ej|p\. ?ex|mme|hrn|nr)|\b[A-ZÀ-ÖØ-ÞĄĆĘŁŃŚŹŻА-ЯЁ])\.$"
)
_BEFORE_NUMBER = re.compile(
    r"\b(?i:no|nr|núm|n|fig|abb|tab|vol|bd|p|pp|s|pág|págs|pagg?|art|abs|sec|ch|kap|tel|blz|mind|env|aprox|circa|ok|rys|poz|nº|рис|стр|см|ст|п|д|approx|max|min|jan|feb|mar|mär|apr|"
    r"jun|jul|aug|sept?|okt|oct|nov|dez|dec|\w*str)\.$"
)
_LIST_NUMBER = re.compile(r"(?:\[\d+\]\s*)*\(?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivx]{1,4})\.")
"""Also after the markers of the passages that an item rests on."""
_ORDINAL = re.compile(
    r"(?:\b(?i:vom|zum|der|die|das|den|dem|des|im|beim|zur|jede[rsmn]?|ihre?[rsmn]?|"
    r"unsere?[rsmn]?|eine[rsmn]?)\s+|[-–]\s?)\d{1,3}\.$"
)
_LETTER = re.compile(r"\b[a-zA-Zа-яА-Я]\.$")
_NUMBER = re.compile(r"\b\d{1,2}\.$")
_REST_OF_DATE = re.compile(r"\d{1,2}\. ?\d{4}\b")
_DAY_AND_MONTH = re.compile(r"\b\d{1,2}\. ?\d{1,2}\.$")
_YEAR = re.compile(r"\d{4}\b")
_SPOKEN = ("と", "って")
"""What goes on after quoted speech in Japanese."""
_MONTH = re.compile(
    r"(?:Jan(?:uar)?|Jänner|Feb(?:ruar)?|März|Mär|Apr(?:il)?|Mai|Juni?|Juli?|Aug(?:ust)?|Sept?(?:ember)?|Okt(?:ober)?|"
    r"Nov(?:ember)?|Dez(?:ember)?|Jahrhunderts?|Jh|Lebensjahr(?:e?s)?)\b"
)
_ABBREVIATION = 24
"""Characters before a full stop that decide whether it ends a sentence."""


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
    following = text[mark.end() : mark.end() + _ABBREVIATION].lstrip()
    if not mark.group().startswith("."):
        return not (mark.group().endswith(("」", "』")) and following.startswith(_SPOKEN))
    sofar = text[max(start, mark.end() - _ABBREVIATION) : mark.end()]
    if (
        following[:1].islower()
        or _NEVER_LAST.search(sofar)
        or _LIST_NUMBER.fullmatch(text[start : mark.end()].lstrip())
    ):
        return False
    if _LETTER.search(sofar) and _LETTER.match(following[:2]):
        return False
    if _ORDINAL.search(sofar) or _within_date(sofar, following):
        return False
    return not (following[:1].isdigit() and _BEFORE_NUMBER.search(sofar))


def _within_date(sofar: str, following: str) -> bool:
    """Whether the full stop stands after a day or a month: `22. Mai`, `1. 5. 2023`."""
    if _NUMBER.search(sofar) and (_MONTH.match(following) or _REST_OF_DATE.match(following)):
        return True
    return bool(_DAY_AND_MONTH.search(sofar) and _YEAR.match(following))


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
