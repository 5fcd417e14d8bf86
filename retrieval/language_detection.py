"""The language that a person writes in: by script, and among languages in Latin letters by function words and letters.

A short message such as "ok" says little, so the conversation's language stands unless another one is clearly better.
`python -m benchmarks.languages` says how often this is right.
"""

import re
from collections.abc import Iterable, Mapping

from retrieval.words import stop_words

LANGUAGE_NAMES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "zh": "Chinese",
}
"""The languages that are told apart, by their codes (ISO 639-1), as a prompt names them."""

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_SCRIPTS = {
    "ko": re.compile(r"[\u1100-\u11ff\uac00-\ud7af]"),
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
}
"""Characters of which one language of those above is written alone. Japanese is written with Han, too."""
_WORD = re.compile(r"[^\W\d_\u2e80-\ud7af\uf900-\ufaff]+")
_LETTERS = {
    "de": "äöüß",
    "es": "áéíñóúü¿¡",
    "fr": "àâçèéêëîïôùûœ",
    "it": "àèéìòù",
    "nl": "ëï",
    "pl": "ąćęłńóśźż",
    "pt": "àáâãçéêíóôõú",
}
"""The letters that languages in Latin script have beside a to z, with the marks that only Spanish has."""
_LATIN = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")
_NOT_PROSE = re.compile(r"\"[^\"]*\"|“[^”]*”|„[^”“]*[”“]|«[^»]*»|`[^`]*`|\S*[\d_/@\\]\S*|\S*-[A-Z]\b")
"""Quotations, names with digits, addresses and paths, which may be in another language."""
_LETTER_WEIGHT = 0.6
_LEAD = 0.5
"""How much stronger the evidence for a language must be than that for the conversation's, in function words."""
_SHORTEST_WORD = 4
"""A single word of fewer letters may be English, of which only the function words are known: "one" is Polish too."""
_FEW_HAN = 4
"""So few Han characters alone may be a word of a Japanese conversation."""


def language_of(text: str, hint: str | None = None) -> str:
    """The base language (BCP 47) of a message. hint: the conversation's, which stands where the text does not decide.

    Without a hint it is `en`. A hint may be a language that is not known here.
    """
    base = (hint or "en").split("-")[0].lower()
    words = len(_WORD.findall(text))
    language = _by_script(text, base, words)
    if language is None:
        return _by_words(text, base, words)
    return language


def language_name(language: str) -> str:
    """The language's English name, for a prompt."""
    return LANGUAGE_NAMES.get(language.split("-")[0].lower(), "the language of the question")


def _by_script(text: str, hint: str, words: int) -> str | None:
    """A language by its characters. A Han or kana character counts as a word, so that a name does not decide."""
    counts = {language: len(characters.findall(text)) for language, characters in _SCRIPTS.items()}
    han = len(_HAN.findall(text))
    if han + counts["ja"] + counts["ko"] > words:
        if counts["ko"] > han + counts["ja"]:
            return "ko"
        return "ja" if counts["ja"] or (hint == "ja" and han < _FEW_HAN) else "zh"
    letters = sum(map(len, _WORD.findall(text)))
    return next((language for language in ("ar", "ru") if 3 * counts[language] > letters), None)


def _by_words(text: str, hint: str, words: int) -> str:
    if words == 1 and hint == "en" and len(text.strip(" .!?¿¡")) < _SHORTEST_WORD:
        return hint
    evidence = _evidence(_NOT_PROSE.sub(" ", text).lower())
    best = max(_LATIN, key=lambda language: (evidence[language], language == hint))
    if evidence[best] > evidence.get(hint, 0.0) + _LEAD:
        return best
    return best if hint not in _LATIN and words > 1 and evidence[best] else hint


def _evidence(text: str) -> dict[str, float]:
    """How many function words and letters of its own a text has, by language; what several share counts less."""
    vocabularies = {language: stop_words(language) for language in _LATIN}
    found = _shared(_WORD.findall(text), vocabularies)
    letters = _shared(set(text), _LETTERS)
    return {language: found[language] + _LETTER_WEIGHT * letters.get(language, 0.0) for language in _LATIN}


def _shared(items: Iterable[str], vocabularies: Mapping[str, Iterable[str]]) -> dict[str, float]:
    """The weight of the items that each vocabulary has: one item that n of them have weighs 1 / sqrt(n)."""
    weights = dict.fromkeys(vocabularies, 0.0)
    for item in items:
        owners = [language for language, vocabulary in vocabularies.items() if item in vocabulary]
        for language in owners:
            weights[language] += len(owners) ** -0.5
    return weights
