"""Keyword search with BM25 (Robertson and Zaragoza, 2009), exact names and numbers that a vector blurs.

Texts with spaces are cut into words, Chinese, Japanese and Korean runs into pairs of neighbouring characters:
no dictionary, and none to be wrong. Knows rows, not chunks.

`dialogue.language` has other stop words and another stemmer on purpose: it decides whether two sentences say the same,
where cutting more off is right; here it would merge words that a search must tell apart, and change every score.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import bm25s
import numpy as np
from numpy.typing import NDArray

_IDEOGRAPHS = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]+|[^\W_{_IDEOGRAPHS}]+")
_COMMON = frozenset(
    _WORD.findall(
        "a an and are as at be but by can could do does for from had has have he her his how i if in into is it "
        "its me my no not of on or our she should so some such than that the their them then there these they "
        "this to was we were what when where which who why will with would you your"
    )
)

_SATURATION = 1.2
_LENGTH_PENALTY = 0.4
"""Less than the usual 0.75, as chunks are of much the same length."""


def keywords(text: str) -> Iterator[str]:
    """The terms of a text: folded words without a plural s, but the commonest; pairs of ideographs."""
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        if word[0] >= _IDEOGRAPHS[0]:
            yield from (word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif word not in _COMMON:
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


class KeywordIndex:
    """BM25 over numbered texts, kept as a folder of arrays that several processes map into memory at once."""

    def __init__(self, folder: Path) -> None:
        """Opens what `write` wrote."""
        self._scores: Any = (
            bm25s.BM25.load(folder, mmap=True) if (folder / "vocab.index.json").is_file() else None
        )

    @classmethod
    def write(cls, folder: Path, texts: Iterable[str]) -> Self:
        """Indexes `texts`, which are then called by their position."""
        terms = [list(keywords(text)) for text in texts]
        folder.mkdir()
        if any(terms):
            scores = bm25s.BM25(method="lucene", k1=_SATURATION, b=_LENGTH_PENALTY)
            scores.index(terms, show_progress=False)
            scores.save(folder, show_progress=False)
        return cls(folder)

    def scores(self, question: str, rows: int) -> NDArray[np.float32]:
        """The BM25 score of each of the `rows` texts, 0 where no term is shared."""
        known = self._scores and self._scores.get_tokens_ids(list(keywords(question)))
        if not known:
            return np.zeros(rows, np.float32)
        found: NDArray[np.float32] = self._scores.get_scores_from_ids(known)
        return found
