"""Text analysis without a model: the content words of a text and its numbers, which check rewrites and citations."""

import re
import unicodedata

from dialogue.units import LANGUAGES
from retrieval.words import STOP_WORDS, stop_words

WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_\u2e80-\ud7af\uf900-\ufaff]+|[\u2e80-\ud7af\uf900-\ufaff]+")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
CJK = re.compile(r"[\u2e80-\ud7af\uf900-\ufaff]")
SUFFIX = re.compile(r"(?:ies|es|ed|ing|ly|[sye])$")

_MORE_WORDS = """
about after all also any been before being did get here him just may more most much now only out over please those too
up us while whom whose yes
"""
EMPTY_WORDS = STOP_WORDS | frozenset(_MORE_WORDS.split())
"""More than a search leaves out: these carry no meaning that two sentences could share."""


def content_words(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, stemmed; its numbers; and pairs of Chinese characters.

    Endings are cut more boldly than for a search (`retrieval.words`): what counts is whether two sentences agree.
    """
    found: set[str] = set()
    for word in WORD.findall(unicodedata.normalize("NFKC", text).lower()):
        if CJK.match(word):
            found.update(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif word not in EMPTY_WORDS:
            found.add(_stem(word))
    return frozenset(found)


def numbers(text: str) -> frozenset[str]:
    """The numbers in a text; `1,000` and `1000` are the same."""
    normalized = unicodedata.normalize("NFKC", text)
    return frozenset(_without_separators(number) for number in NUMBER.findall(normalized))


def _without_separators(number: str) -> str:
    return re.sub(r"[.,](?=\d{3}(?:\D|$))", "", number)


def _stem(word: str) -> str:
    if word[0].isdigit():
        return _without_separators(word)
    stem = SUFFIX.sub("", word)
    return stem if len(stem) >= 3 else word


_FUNCTION_CHARACTERS = frozenset(
    "的了是在和与及或也都就还又要会能可以不没有这那个你您我他它们把被让给对从到为由于吗呢吧请其中后前里上下时如果若则但而且并一"
)
_FUNCTION_WORDS = frozenset[str]().union(*map(stop_words, LANGUAGES))
_MEANINGFUL = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u30a0-\u30ff]")
"""Han characters and Katakana; Hiragana is mostly grammar."""
_HANGUL = re.compile(r"[\uac00-\ud7af]+")


def support_terms(text: str) -> list[str]:
    """The terms of a text, in order, by which one looks whether another text supports it.

    Its content words but numbers, which have units, and single characters of Chinese and Japanese, where a paraphrase
    cuts words anew.
    """
    found: list[str] = []
    for word in WORD.findall(unicodedata.normalize("NFKC", text).lower()):
        if CJK.match(word):
            found.extend(c for c in word if _MEANINGFUL.match(c) and c not in _FUNCTION_CHARACTERS)
            found.extend(run[i : i + 2] for run in _HANGUL.findall(word) for i in range(max(1, len(run) - 1)))
        elif word not in EMPTY_WORDS and word not in _FUNCTION_WORDS and not word[0].isdigit():
            found.append(_stem(word))
    return found
