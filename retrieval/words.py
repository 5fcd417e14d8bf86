"""The words that a text is searched by: folded, stemmed, without the commonest ones.

Texts with spaces are cut into words, Chinese, Japanese and Korean runs into pairs of neighbouring characters: no
dictionary, and none to be wrong.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

_IDEOGRAPHS = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]+|[^\W_{_IDEOGRAPHS}]+")
STOP_WORDS = frozenset(
    _WORD.findall(
        "a an and are as at be but by can could do does for from had has have he her his how i if in into is it "
        "its me my no not of on or our she should so some such than that the their them then there these they "
        "this to was we were what when where which who why will with would you your"
    )
)


def keywords(text: str) -> Iterator[str]:
    """The terms of a text: folded words without a plural s, but the commonest; pairs of ideographs."""
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        if word[0] >= _IDEOGRAPHS[0]:
            yield from (word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif word not in STOP_WORDS:
            yield _stem(word)


def _stem(word: str) -> str:
    """Harman's S-stemmer ("How effective is suffixing?", 1991)."""
    if len(word) > 4 and word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("us", "ss")):
        return word[:-1]
    return word


def stop_words(language: str) -> frozenset[str]:
    """The function words of a language (ISO 639-1), in lower case; none where they are not known."""
    return _stop_words().get(language, frozenset())


@cache
def _stop_words() -> Mapping[str, frozenset[str]]:
    lists = tomllib.loads((files("retrieval") / "stop_words.toml").read_text("utf-8"))
    return {language: frozenset(words.split()) for language, words in lists.items()}
