"""Keyword search with BM25 (Robertson and Zaragoza, 2009), for exact names and numbers that a vector blurs.

Knows rows, not chunks.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import bm25s
import numpy as np
from numpy.typing import NDArray

from retrieval.language_detection import language_of
from retrieval.words import keywords, stop_words

_SATURATION = 1.2
_LENGTH_PENALTY = 0.4
"""Less than the usual 0.75, as chunks are of much the same length."""


def question_terms(question: str) -> list[str]:
    """The keywords of a question without the function words of its language; all of them where nothing is left.

    Texts keep those words, so that an index serves questions in every language.
    """
    unsaid = stop_words(language_of(question))
    terms = list(keywords(question))
    return [term for term in terms if term not in unsaid] or terms


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
        known = self._scores and self._scores.get_tokens_ids(question_terms(question))
        if not known:
            return np.zeros(rows, np.float32)
        found: NDArray[np.float32] = self._scores.get_scores_from_ids(known)
        return found

    def limit(self, question: str, rows: int) -> float:
        """What no text's score for this question reaches: that of all its terms, endlessly often.

        A term that no text has counts as the rarest of all.
        """
        terms = question_terms(question)
        known = self._scores.get_tokens_ids(terms) if self._scores else []
        starts = self._scores.scores["indptr"] if known else np.zeros(1, np.int64)
        holding = np.zeros(len(terms))
        holding[: len(known)] = [starts[term + 1] - starts[term] for term in known]
        return float(np.log(1 + (rows - holding + 0.5) / (holding + 0.5)).sum())
