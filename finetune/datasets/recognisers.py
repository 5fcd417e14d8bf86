"""Finds personal data in a text, one function a kind: what has a checksum is checked, the rest goes by its form.

English and Chinese. Errs on the side of finding too much. Knows no replacement.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

import phonenumbers
from stdnum import iban, luhn
from stdnum.cn import ric
from stdnum.us import ssn

Span = tuple[int, int]
Recogniser = Callable[[str], Iterator[Span]]

EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
GROUPS = re.compile(r"\d+(?:[ -]\d+)*")
CARD_DIGITS = range(13, 20)
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
DIALLED = re.compile(r"\d(?:[\s().\-/–]{0,3}\d){6}")
REGIONS = ("US", "GB", "CN")
"""Whose numbers are known without a country code."""

RESIDENT = re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])")
SOCIAL_SECURITY = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
NATIONAL_INSURANCE = re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?(?:\d{2} ?){3}[A-D]\b")
PASSPORT = re.compile(r"(?:passport|护照)[^\d\n]{0,16}?([A-Z]{0,2}\d{7,9})(?!\d)", re.IGNORECASE)

STREET = (
    r"(?:street|st|road|rd|avenue|ave|boulevard|blvd|lane|ln|drive|dr|court|ct|square|sq|terrace|place|pl|parkway|pkwy"
    r"|highway|hwy|crescent|close|way)"
)
ENGLISH_ADDRESS = re.compile(
    rf"""
    \b\d{{1,5}}[A-Za-z]?\ (?:[A-Z][\w'’.-]{{0,30}}\ ){{1,4}}(?i:{STREET})\b\.?
    (?:,?\ (?i:apt|apartment|suite|unit|flat)\.?\ ?\#?\w{{1,6}})?
    (?:,\ [A-Z][A-Za-z.'’-]{{1,30}}(?:\ [A-Z][A-Za-z.'’-]{{1,30}}){{0,2}})?
    (?:,?\ [A-Z]{{2}}\ \d{{5}}(?:-\d{{4}})?)?
    | \b(?i:p\.?\ ?o\.?\ box)\ \d{{1,6}}
    | \b[A-Z]{{1,2}}\d[A-Z\d]?\ \d[A-Z]{{2}}\b
    """,
    re.VERBOSE,
)
DOOR = re.compile(
    r"""
    (?: (?:路|街|大道|道|巷|弄|胡同)\s{0,2}\d{1,5}\s{0,2}(?:号院?|弄|巷)
      | \d{1,4}\s{0,2}(?:号楼|栋|幢|座)\s{0,2}(?:\d{1,3}\s{0,2}单元\s{0,2})?\d{2,5}\s{0,2}(?:室|号|房)
    )
    (?:\s{0,2}[\dA-Za-z]{1,4}\s{0,2}(?:号楼|栋|幢|座|楼|单元|层|室|号)){0,5}
    """,
    re.VERBOSE,
)
PLACE = re.compile(r"(?:(?![在到是的了寄送住址我你您他她请])[\u4e00-\u9fff]|[ ]){1,40}$")
"""What leads up to a street and a number: province, city, district; characters that stand before an address end it."""
LEADING = 40
"""Characters before a street's number that may belong to the address."""


def emails(text: str) -> Iterator[Span]:
    return (match.span() for match in EMAIL.finditer(text))


def identities(text: str) -> Iterator[Span]:
    """Chinese resident numbers and US social security numbers that can be, UK insurance numbers, passports."""
    yield from (m.span() for m in RESIDENT.finditer(text) if ric.is_valid(m.group().upper()))
    yield from (m.span() for m in SOCIAL_SECURITY.finditer(text) if ssn.is_valid(m.group()))
    yield from (m.span() for m in NATIONAL_INSURANCE.finditer(text))
    yield from (m.span(1) for m in PASSPORT.finditer(text))


def ibans(text: str) -> Iterator[Span]:
    """A match may run on into the next words: the longest beginning of it that is a number counts."""
    for match in IBAN.finditer(text):
        start, end = match.span()
        stops = (stop for stop in range(end, start + 14, -1) if text[stop - 1].isalnum())
        ends = (stop for stop in stops if iban.is_valid(text[start:stop], False))
        yield from ((start, stop) for stop in list(ends)[:1])


def cards(text: str) -> Iterator[Span]:
    """Payment cards, by Luhn's checksum, from a group of digits to the end of the same or a later one."""
    for run in GROUPS.finditer(text):
        groups = [(m.start() + run.start(), m.group()) for m in re.finditer(r"\d+", run.group())]
        place = 0
        while place < len(groups):
            taken = _card(groups[place : place + CARD_DIGITS.stop])
            if taken:
                last, digits = groups[place + taken - 1]
                yield groups[place][0], last + len(digits)
            place += taken or 1


def _card(groups: list[tuple[int, str]]) -> int:
    """How many of the groups make a card; 0 if none."""
    lengthening = accumulate(digits for _, digits in groups)
    fitting = [
        n for n, digits in enumerate(lengthening, 1) if len(digits) in CARD_DIGITS and luhn.is_valid(digits)
    ]
    return max(fitting, default=0)


def phones(text: str) -> Iterator[Span]:
    """Numbers that can be dialled, by the numbering plans of the world."""
    if not DIALLED.search(text):
        return
    for region in REGIONS:
        for match in phonenumbers.PhoneNumberMatcher(text, region):
            yield match.start, match.end


def addresses(text: str) -> Iterator[Span]:
    yield from (match.span() for match in ENGLISH_ADDRESS.finditer(text))
    for door in DOOR.finditer(text):
        place = PLACE.search(text, max(0, door.start() - LEADING), door.start())
        yield place.start() if place else door.start(), door.end()


RECOGNISERS: Mapping[str, Recogniser] = {
    "EMAIL": emails,
    "IBAN": ibans,
    "ID": identities,
    "CARD": cards,
    "PHONE": phones,
    "ADDRESS": addresses,
}
"""By type, the surest first: where two overlap, the first counts."""
