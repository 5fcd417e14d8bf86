"""Whether words are fit to learn from: long enough to mean something, and not abusive (`quality.toml`)."""

import re
import tomllib
from collections.abc import Iterable
from importlib.resources import files

from dialogue.words import content_words


def _listed() -> re.Pattern[str]:
    words = tomllib.loads(files(__package__).joinpath("quality.toml").read_text("utf-8"))
    english = "|".join(map(re.escape, words["en"]))
    chinese = "|".join(map(re.escape, words["zh"]))
    return re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE)


ABUSE = _listed()


def too_short(texts: Iterable[str]) -> bool:
    """Whether one of the texts has no word that carries meaning."""
    return not all(content_words(text) for text in texts)


def abusive(texts: Iterable[str]) -> bool:
    return any(ABUSE.search(text) for text in texts)
