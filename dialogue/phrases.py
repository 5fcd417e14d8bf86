"""What people write besides questions, in the languages of the voice: reads `phrases.toml`, which explains each kind.

A message is compared with the phrases of all languages, because nobody says which one comes next.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Kind = Literal["greeting", "thanks", "lead", "why", "pointing", "correction", "into", "form", "tail"]

SURROUNDING = " \t\r\n.,;:!?¡¿~…。，、！？～👍🙏😊"
"""Around a message, and of no meaning."""
LETTER = r"[^\W\u2e80-\ud7af]"
"""A letter of a script that puts spaces between its words."""
CJK = r"[\u2e80-\ud7af]"


def is_wholly(kind: Kind, text: str) -> bool:
    """Whether the whole message is a phrase of that kind."""
    bare = " ".join(text.strip(SURROUNDING).split())
    if kind in ("why", "pointing"):
        bare = _lead().sub("", bare, count=1)
    return bool(whole(kind).fullmatch(bare))


@cache
def whole(kind: Kind) -> re.Pattern[str]:
    """Any of the phrases."""
    return re.compile(_any(kind), re.IGNORECASE)


@cache
def inside(kind: Kind) -> re.Pattern[str]:
    """Any of the phrases between words, or between letters where a script has no spaces."""
    return re.compile(rf"(?<!{LETTER})(?:{_any(kind)})(?!{LETTER})", re.IGNORECASE)


@cache
def language_named() -> re.Pattern[str]:
    """The name of a language, in a group with its code, and what stands before it: `in German`."""
    codes, tables = tuple(_phrases()), _phrases().values()
    names = (f"(?P<{code}>{'|'.join(table['names'][n] for table in tables)})" for n, code in enumerate(codes))
    return re.compile(
        rf"(?<!{LETTER})(?:(?:{_any('into')})[\s-]*)?(?:{'|'.join(names)})(?!{LETTER})", re.IGNORECASE
    )


@cache
def _lead() -> re.Pattern[str]:
    return re.compile(rf"\A(?:{_any('lead')})(?:[,.!，。、 ]+|(?<={CJK}))", re.IGNORECASE)


@cache
def carriers() -> str:
    """All words that may stand around an instruction."""
    return " ".join(table["carriers"] for table in _phrases().values())


def _any(kind: Kind) -> str:
    return "|".join(phrase for table in _phrases().values() for phrase in table[kind])


@cache
def _phrases() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((files("dialogue") / "phrases.toml").read_text("utf-8"))
