"""Hybrid search over one snapshot: vectors and keywords, fused by score, over several wordings of one
question.

The fusion is a weighted sum, as Bruch, Gai and Ingber ("An Analysis of Fusion Functions for Hybrid
Retrieval", 2023) found it to beat reciprocal ranks; so it did here (`docs/benchmarks.md`). Knows rows, not
chunks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.encoders.base import Vectors
from retrieval.keywords import KeywordIndex
from retrieval.vectors import Rows, VectorIndex

_CANDIDATES = 100
"""How many rows each kind of search proposes for each wording."""

KEYWORD_WEIGHT = 0.2
"""What the best keyword match adds to a cosine."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that was found. relevance: what hits are ordered by; score: its best cosine, from -1 to 1."""

    row: int
    relevance: float
    score: float


@dataclass(frozen=True, slots=True)
class Index:
    """keyword_weight: 0 leaves the keywords out."""

    vectors: VectorIndex
    keywords: KeywordIndex
    keyword_weight: float = KEYWORD_WEIGHT

    def search(self, questions: Sequence[str], encoded: Vectors, k: int) -> list[Hit]:
        """The `k` best rows for wordings of one question, `encoded` of shape (len(questions), dimension).

        A row's relevance is the mean over the wordings, so that a row which suits them all comes first.
        """
        if not self.vectors.rows or k < 1:
            return []
        matches = self._matches(questions)
        rows = self._candidates(encoded, matches)
        cosines = encoded @ self.vectors.at(rows).T
        relevance = (cosines + self.keyword_weight * matches[:, rows]).mean(axis=0)
        best = np.argsort(-relevance, kind="stable")[:k]
        scores = cosines.max(axis=0).clip(-1.0, 1.0)
        return [Hit(int(rows[i]), float(relevance[i]), float(scores[i])) for i in best]

    def _matches(self, questions: Sequence[str]) -> NDArray[np.float32]:
        """Keyword scores (questions, rows), the best of each question being 1; zeros where they do not count."""
        if not self.keyword_weight:
            return np.zeros((len(questions), self.vectors.rows), np.float32)
        found = np.stack([self.keywords.scores(question, self.vectors.rows) for question in questions])
        best = found.max(axis=1, keepdims=True)
        matches: NDArray[np.float32] = np.divide(found, best, out=np.zeros_like(found), where=best > 0)
        return matches

    def _candidates(self, encoded: Vectors, matches: NDArray[np.float32]) -> Rows:
        """The rows that either search proposes, each once, in rising order."""
        nearest = self.vectors.nearest(encoded, _CANDIDATES).ravel()
        rows = np.unique(np.concatenate([nearest, *(_largest(row, _CANDIDATES) for row in matches)]))
        return rows[rows >= 0]


def _largest(scores: NDArray[np.float32], k: int) -> Rows:
    """Where the `k` largest positive scores are, in no order."""
    largest = np.argpartition(-scores, min(k, len(scores)) - 1)[:k]
    return largest[scores[largest] > 0]
