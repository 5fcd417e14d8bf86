"""The names in a sentence: identifiers such as `X200` or `LibreVNA`, and words that are capitalized as names are."""

import re
import unicodedata
from collections.abc import Iterator

from dialogue.units import months, weekdays

_TOKEN = re.compile(r"[^\W_\u2e80-\ud7af\uf900-\ufaff]+")
_IDENTIFIER = re.compile(r"(?:[^\W\d_]+\d|\d[^\W\d_]{2}|[^\W\d_]*[^\WA-Z\d_]+[A-Z]|[A-Z]{2}).*")
_FIRST = re.compile(r"(?:^|[.!?:;\"“„«(\[*]\s*|[-–—•|]\s+|\n\s*)$")
_GERMAN = re.compile(
    r"\b(?:der|die|das|den|dem|des|ein|eine[mnrs]?|und|oder|ist|sind|wird|werden|nicht|kein|mit|für|auf|im|"
    r"zum|zur|bei|von|Sie|Ihr\w*|du|dir|dein\w*|sich|steht|gilt|kann|muss)\b"
)
"""Words of German, where every noun has a capital."""
_TITLE_SHARE = 0.5
"""More of the words being capitalized: a heading."""


def identifiers(sentence: str) -> frozenset[str]:
    """Tokens with digits, or with capitals inside, in lower case."""
    return frozenset(squashed(token) for token in _tokens(sentence) if _IDENTIFIER.match(token))


def capitalized(sentence: str) -> frozenset[str]:
    """Words with a capital that is not due to their place, in lower case; none in German and in headings."""
    normal = unicodedata.normalize("NFKC", sentence)
    words = [match for match in _TOKEN.finditer(normal) if not match.group()[0].isdigit()]
    inside = [word for word in words if not _FIRST.search(normal[: word.start()])]
    found = [word.group() for word in inside if word.group()[0].isupper()]
    if _GERMAN.search(normal) or len(found) > _TITLE_SHARE * max(6, len(inside)):
        return frozenset()
    return frozenset(word.lower() for word in found if len(word) > 2) - months().keys() - weekdays().keys()


def squashed(text: str) -> str:
    """The text without case, spaces and hyphens: `LibreVNA` is `Libre VNA`."""
    return re.sub(r"[\s\-_.]+", "", unicodedata.normalize("NFKC", text)).lower()


def _tokens(text: str) -> Iterator[str]:
    yield from _TOKEN.findall(unicodedata.normalize("NFKC", text))
