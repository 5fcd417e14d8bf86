"""The quantities in a text: numbers with their units, currencies, dates and times of day, however they are written.

`1,000.50` and `1.000,50` are one number, `10 euros` is `€10`, `5 pm` is `17:00`, `22. Mai` is `May 22`. Nothing is
converted: 14 days are not two weeks.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from dialogue.units import Units, magnitudes, months, numerals, unit_spellings, weekdays

NONE: Units = frozenset()
CLOCK: Units = frozenset({"clock"})
MONTH: Units = frozenset({"month of the year"})
WEEKDAY: Units = frozenset({"day of the week"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """values: the readings of its number; several if `1.234` may be a fraction or more than a thousand.

    units: what its unit may be; empty if it has none that is known.
    """

    values: frozenset[str]
    units: Units = NONE


Found = Iterator[Quantity]

_CJK = "\u2e80-\ud7af\uf900-\ufaff"
_HOUR = r"(?<![\d.,:])(?P<hour>[012]?\d)"
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DATE = re.compile(r"(?<![\d.])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)(?![\d.]*\d)")
_MONTH_NUMBER = re.compile(r"(?<!\d)(\d{1,2})\s?[月월](?:\s?(\d{1,2})\s?[日일号])?(?![间間])")
_CLOCK = re.compile(
    rf"(?P<half>上午|下午|晚上|午前|午後|오전|오후)?\s?{_HOUR}(?:(?:[:.]|\s?h\s?)(?P<minute>[0-5]\d))?\s?"
    r"(?P<mark>[ap]\.?\s?m\b\.?|uhr\b|o['’]clock\b|(?:[点點時时]|시)(?![间間간]))",
    re.IGNORECASE,
)
_COLON = re.compile(rf"{_HOUR}(?::|\s?h\s?)(?P<minute>[0-5]\d)(?![\d:])")
_AFTERNOON = ("p", "P", "下午", "晚上", "午後", "오후")
_NUMBER = re.compile(
    r"(?<![^\W\u2e80-\ud7af\uf900-\ufaff])"
    r"(?:(?<![\d.,])\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d+)?(?![.,]?\d)|\d+(?:[.,]\d+)*)"
)
"""Not the digits of `X200`, which is a name."""
_WORD = re.compile(rf"[^\W\d_{_CJK}]+(?:-[^\W\d_{_CJK}]+)?|[{_CJK}]+")
_HAN_NUMERAL = re.compile(r"[一二两兩三四五六七八九十百]+")
_LONGEST_UNIT = 24
_YEARS = range(1800, 2101)
_ORDINARY_WORDS = frozenset({"may", "march", "mars", "mai", "mei", "maj", "sept"})
"""Names of months that mean something else without a number beside them."""


@lru_cache(maxsize=512)
def quantities(text: str, *, every: bool = False) -> frozenset[Quantity]:
    """The quantities that a text claims. Numbers in words count if a unit follows them: two weeks.

    every: those that a text may state, too: any number in words, any word that may be the name of a month.
    """
    rest = unicodedata.normalize("NFKC", text)
    found: set[Quantity] = set(_named(rest, every))
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(rest):
            found.update(read(match))
        rest = pattern.sub(lambda match: " " * len(match.group()), rest)
    found.update(_numbers(rest, every))
    found.update(_numerals(rest, every))
    return frozenset(found)


def states(stated: frozenset[Quantity], units: Units, claim: Quantity) -> bool:
    """Whether a claimed quantity is among those that a text states. units: those that the text names anywhere."""
    return any(_same_unit(one.units, claim.units, units) for one in stated if one.values & claim.values)


def _same_unit(stated: Units, claimed: Units, named: Units) -> bool:
    if not claimed or claimed & stated:
        return True
    return not stated and (claimed == CLOCK or bool(claimed & named))


def follows(claim: Quantity, given: frozenset[Quantity]) -> bool:
    """Whether a number is the sum, difference, product or quotient of two given ones."""
    numbers = sorted({float(value) for one in given for value in one.values if _is_decimal(value)})
    wanted = [value for value in claim.values if _is_decimal(value)]
    return any(
        _rounds_to(result, value)
        for value in wanted
        for first, second in permutations(numbers, 2)
        for result in (first + second, first - second, first * second, first / second if second else first)
    )


def _is_decimal(value: str) -> bool:
    return value.replace(".", "", 1).isdigit()


def _rounds_to(result: float, value: str) -> bool:
    digits = len(value.partition(".")[2])
    return result > 0 and round(result, digits) == float(value)


def mentioned_units(text: str) -> Units:
    """The units that a text names, with or without a number."""
    normal = unicodedata.normalize("NFKC", text)
    spellings = unit_spellings()
    words = [*re.findall(rf"[^\W\d_{_CJK}]+|[^\w\s]", normal), *re.findall(r"[^\W\d_]+", normal.casefold())]
    found = NONE.union(*(spellings.get(word, NONE) for word in words))
    runs = " ".join(re.findall(rf"[{_CJK}]+", normal))
    return found.union(
        *(units for spelling, units in spellings.items() if spelling[0] >= "\u2e80" and spelling in runs)
    )


def canonical(number: str) -> frozenset[str]:
    """The readings of a number in digits: `1.234,50` is `1234.5`, `1,234` is `1234` or `1.234`."""
    plain = re.sub(r"[ '’]", "", number)
    separators = re.findall(r"[.,]", plain)
    if not separators:
        return frozenset({plain.lstrip("0") or "0"})
    groups = re.split(r"[.,]", plain)
    grouped = len(groups[0]) <= 3 and groups[0] != "0"
    if len(set(separators)) == 2 and separators[-1] != separators[-2]:
        return frozenset({_decimal("".join(groups[:-1]), groups[-1])})
    if len(separators) > 1:
        thousands = grouped and all(len(group) == 3 for group in groups[1:])
        return frozenset({"".join(groups) if thousands else ".".join(groups)})
    if grouped and len(groups[1]) == 3:
        return frozenset({"".join(groups), ".".join(groups)})
    return frozenset({_decimal(*groups)})


def _decimal(whole: str, fraction: str) -> str:
    return f"{whole.lstrip('0') or '0'}.{fraction}".rstrip("0").rstrip(".")


def _numbers(text: str, every: bool) -> Found:
    for match in _NUMBER.finditer(text):
        values, end = canonical(match.group()), match.end()
        power, end = _magnitude(text, end)
        if power:
            values = frozenset(_scaled(value, power) for value in values)
        units = _unit_after(text, end) or _currency_before(text, match.start())
        if units == {"duration-year"} and values <= {str(year) for year in _YEARS}:
            units = NONE
        yield Quantity(values, units)
        if every and " " in match.group():  # perhaps neighbours, not groups of one number
            yield from (Quantity(canonical(part)) for part in match.group().split())


def _magnitude(text: str, end: int) -> tuple[int, int]:
    """The power of ten that a word after the number stands for, and where that word ends."""
    word = _WORD.match(text, end + text[end : end + 1].isspace())
    if word and (power := magnitudes().get(word.group())):
        return power, word.end()
    power = magnitudes().get(text[end : end + 1], 0) if text[end : end + 1] >= "\u2e80" else 0
    return power, end + (power > 0)


def _scaled(value: str, power: int) -> str:
    whole, _, fraction = value.partition(".")
    return (whole + fraction.ljust(power, "0")[:power]).lstrip("0") if len(fraction) <= power else value


def _unit_after(text: str, end: int) -> Units:
    """What the longest spelling of a unit that follows stands for."""
    end += text[end : end + 1] in (" ", "-") or text[end : end + 1].isspace()
    spellings, following = unit_spellings(), text[end : end + _LONGEST_UNIT]
    for length in range(len(following), 0, -1):
        spelling, beyond = following[:length], following[length : length + 1]
        if beyond.isalnum() and spelling[-1].isalpha() and not spelling[-1] >= "\u2e80":
            continue
        if units := spellings.get(spelling) or (length > 2 and spellings.get(spelling.casefold())):
            return units
    return NONE


def _currency_before(text: str, start: int) -> Units:
    """What the symbol or code of a currency before a number stands for."""
    before = text[max(0, start - 4) : start].rstrip()
    for length in (3, 2, 1):
        spelling = before[-length:]
        if len(spelling) == length and not before[:-length][-1:].isalpha():
            units = unit_spellings().get(spelling, NONE)
            if any(unit.isupper() and len(unit) == 3 for unit in units):
                return units
    return NONE


def _numerals(text: str, every: bool) -> Found:
    """Numbers in words that a unit follows; with `every` all of them."""
    for match in _WORD.finditer(text):
        word = match.group()
        if word[0] >= "\u2e80":
            yield from _han_numerals(word, every)
        elif number := numerals().get(word.casefold()):
            units = _unit_after(text, match.end())
            if units or every:
                yield Quantity(frozenset({str(number)}), units)


def _han_numerals(run: str, every: bool) -> Found:
    for match in _HAN_NUMERAL.finditer(run):
        number, units = numerals().get(match.group()), _unit_after(run, match.end())
        if number and (units or every):
            yield Quantity(frozenset({str(number)}), units)


def _named(text: str, every: bool) -> Found:
    """Months and weekdays."""
    for match in _WORD.finditer(text):
        name = match.group().casefold()
        if name[0] >= "\u2e80":
            yield from (_weekday(day) for day_name, day in weekdays().items() if day_name in name)
            continue
        day = weekdays().get(name, weekdays().get(name.removesuffix("s")))
        if day is not None:
            yield _weekday(day)
        month = months().get(name)
        if month and (every or name not in _ORDINARY_WORDS or _beside_number(text, match)):
            yield Quantity(frozenset({str(month)}), MONTH)


def _beside_number(text: str, match: re.Match[str]) -> bool:
    before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip(". ")
    return after[:1].isdigit() or bool(re.search(r"\d(?:\.|st|nd|rd|th|er)?(?: (?:de|of))?$", before[-8:]))


def _weekday(day: int) -> Quantity:
    return Quantity(frozenset({str(day)}), WEEKDAY)


def _of_date(*parts: str) -> Found:
    """A date in digits; day and month may be either way round."""
    for part in parts:
        yield Quantity(canonical(part))
        if int(part) in range(1, 13):
            yield Quantity(canonical(part), MONTH)


def _of_clock(match: re.Match[str]) -> Found:
    hour, minute = int(match["hour"]), match["minute"] or "00"
    mark = (match.groupdict().get("half") or "") + (match.groupdict().get("mark") or "")
    late = mark.startswith(_AFTERNOON)
    hours = {hour % 12 + 12} if late else {hour} if mark[:1] in ("a", "A") else {hour, (hour + 12) % 24}
    if hour > 12:
        hours = {hour}
    values = {f"{one}:{minute}" for one in hours}
    yield Quantity(frozenset(values | ({str(hour), *map(str, hours)} if minute == "00" else set())), CLOCK)


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Found]], ...] = (
    (_ISO_DATE, lambda match: _of_date(*match.groups())),
    (_DATE, lambda match: _of_date(match[1], match[3], match[4])),
    (_MONTH_NUMBER, lambda match: _of_date(*filter(None, match.groups()))),
    (_CLOCK, _of_clock),
    (_COLON, _of_clock),
)
