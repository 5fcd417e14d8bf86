"""Whether a text states a fact, however it is formatted. A fact is a list of phrases, any of which will do.

Knows spelling, not meaning: `thirty days` has to be listed beside `30 days`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

_MARKUP = re.compile(r"[*_`]+")
_THOUSANDS = re.compile(r"(?<=\d)[,\u202f\u00a0'](?=\d{3}(?!\d))")
_NO_CENTS = re.compile(r"(?<=\d)[.,]00(?!\d)")
_PIECES = re.compile(r"[€$%°]|[^\s€$%°]+")
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")

Fact = Sequence[str]


def states(text: str, fact: Fact) -> bool:
    """Whether a phrase of the fact stands in the text as whole words.

    Case, markup, thousands separators and the space between a number and its unit or sign do not matter.
    `5 km` is neither in `15 km` nor in `7.5 km`.
    """
    plain = _plain(text)
    return any(_pattern(phrase).search(plain) for phrase in fact)


def missing(text: str, facts: Iterable[Fact]) -> list[str]:
    """The first phrase of each fact that the text does not state."""
    return [fact[0] for fact in facts if not states(text, fact)]


def _plain(text: str) -> str:
    text = _THOUSANDS.sub("", _MARKUP.sub("", text))
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", text))
    return _NO_CENTS.sub("", text).replace("\u2019", "'").lower()


@lru_cache(maxsize=1024)
def _pattern(phrase: str) -> re.Pattern[str]:
    pieces = r"[\s-]*".join(re.escape(piece) for piece in _PIECES.findall(_plain(phrase)))
    return re.compile(rf"(?<![a-z0-9])(?<![0-9][.,]){pieces}(?![a-z0-9]|[.,][0-9])")
