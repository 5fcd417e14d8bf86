"""The characters of a PDF's page with their places, where the file says wrongly which letters its glyphs show.

Ligatures whose first letter is lost are known by their width; glyph numbers in place of characters, which fonts without
a table of characters leave, by how little they look like any language. Knows PDFium and nothing of lines.
"""

import ctypes
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pypdfium2.raw as raw

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_HYPHENS = {"\x02": "-", "\u00ad": "-", "\ufffe": "-"}
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_MEND = str.maketrans({**_HYPHENS, **_LIGATURES})
_SHORTENED = {"i": ("fi", "ffi"), "l": ("fl", "ffl"), "f": ("ff",), "h": ("Th",)}
"""What a wide glyph may show that the file calls by its last letter."""
_PAIRS = frozenset(["ff", "fi", "fl", "ft", "Th"])
_LETTERS = frozenset("filhT")
_FEWEST = 3
_FEWEST_LETTERS = 100
_VOWELS = frozenset("aeiouAEIOU")
_FEW_VOWELS, _MANY_VOWELS = 0.24, 0.3
_FEW_SMALL = 0.35
_FIRST_GLYPH, _FIRST_ACCENTED, _LAST_GLYPH = 3, 98, 225
_BEYOND = 0.2
_NARROWER, _NO_WIDER, _WIDER = 0.7, 1.06, 1.4
"""A ligature against its letters side by side, and against the one that the file names."""


@dataclass(frozen=True, slots=True)
class Character:
    """index: its number on the page; text: what it shows, empty for a break; place: none for a break."""

    index: int
    text: str
    place: Box | None


def read_characters(textpage: Any, box: Callable[[float, float, float, float], Box]) -> list[Character]:
    """The characters in the order of the file; `box` turns PDF's coordinates into those of the upright page."""
    found = [*_characters(textpage, box)]
    whole = _lost_letters(textpage, found)
    shown = _glyph_numbers(found)
    return [
        Character(one.index, (whole.get(one.index) or shown(one.text)).translate(_MEND), one.place)
        for one in found
    ]


def _characters(textpage: Any, box: Callable[[float, float, float, float], Box]) -> Iterator[Character]:
    rect = raw.FS_RECTF()
    reference = ctypes.byref(rect)
    last: Box | None = None
    space: tuple[int, Box] | None = None
    for index in range(textpage.count_chars()):
        character = chr(raw.FPDFText_GetUnicode(textpage, index) or 0xFFFD)
        if character in "\r\n":
            yield Character(index, "", None)
            space = None
            continue
        if not raw.FPDFText_GetLooseCharBox(textpage, index, reference):
            continue
        place = box(rect.left, rect.bottom, rect.right, rect.top)
        if character.isspace():
            space = last and (index, place)
            continue
        if last and space and not _is_within_word(last, space[1], place):
            yield Character(space[0], " ", (last[2], last[1], last[2], last[3]))
        last, space = place, None
        yield Character(index, character, place)


def _is_within_word(letter: Box, space: Box, following: Box) -> bool:
    """Whether a space takes no room, as the one that programs set on the second half of a ligature."""
    width = space[2] - space[0]
    if not width > 0 or following[0] - letter[2] > _BEYOND * width:
        return False
    return letter[0] < space[0] and space[2] <= letter[2] + _BEYOND * width


def _lost_letters(textpage: Any, characters: Sequence[Character]) -> dict[int, str]:
    """By index, the letters of ligatures of which the file names one alone; where it names all, they share a place."""
    widths: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    pairs = [*pairwise(characters)]
    named = {one.index for pair in pairs if pair[0].place == pair[1].place for one in pair}
    followed = {one.index for pair in pairs if f"{pair[0].text}{pair[1].text}" in _PAIRS for one in pair}
    for one in characters:
        if one.text in _LETTERS and one.place is not None and one.index not in named:
            left, top, right, bottom = one.place
            widths[font_of(textpage, one.index), one.text].append(
                (one.index, (right - left) / max(bottom - top, 1))
            )
    usual = {key: sorted(width for _, width in found)[len(found) // 4] for key, found in widths.items()}
    return {
        index: letters
        for (font, letter), found in widths.items()
        if len(found) >= _FEWEST
        for letters in _SHORTENED.get(letter, ())
        if (expected := _width(font, letters, usual)) is not None
        for index, width in found
        if index not in followed
        and _NARROWER * expected <= width <= _NO_WIDER * expected
        and width > _WIDER * usual[font, letter]
    }


def _width(font: str, letters: str, usual: Mapping[tuple[str, str], float]) -> float | None:
    """How wide letters are side by side; None where the font has not all of them on the page."""
    found = [usual.get((font, letter)) for letter in letters]
    return None if None in found else sum(filter(None, found))


def font_of(textpage: Any, index: int) -> str:
    """The name of the font in which a character is set."""
    buffer = ctypes.create_string_buffer(128)
    length = raw.FPDFText_GetFontInfo(textpage, index, buffer, 128, None)
    return buffer.raw[: max(0, min(length, 128) - 1)].decode("utf-8", "replace")


def _glyph_numbers(characters: Sequence[Character]) -> Callable[[str], str]:
    """How a character is to be read: as it is, or as the number of a glyph in the order of TrueType's fonts."""
    text = "".join(one.text for one in characters)
    letters = sum(map(str.isalpha, text))
    if letters < _FEWEST_LETTERS or sum(map(str.islower, text)) > _FEW_SMALL * letters:
        return str
    if _vowels(text) < _FEW_VOWELS and _vowels("".join(map(_glyph, text))) > _MANY_VOWELS:
        return _glyph
    return str


def _vowels(text: str) -> float:
    letters = [character for character in text if character.isascii() and character.isalpha()]
    return sum(character in _VOWELS for character in letters) / max(1, len(letters))


def _glyph(character: str) -> str:
    """The character with that number; the first 258 have the same one in most fonts."""
    number = ord(character or " ")
    if character in " " or not _FIRST_GLYPH <= number <= _LAST_GLYPH:
        return character
    return chr(number + 29) if number < _FIRST_ACCENTED else bytes([number + 30]).decode("mac_roman")
