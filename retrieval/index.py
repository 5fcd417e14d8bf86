"""Hybrid search over numbered rows: cosines from FAISS plus weighted BM25 scores.

Vectors are compared exactly up to a size, and through an HNSW graph above it. Knows rows, not what they stand for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.encoders.base import Vectors
from retrieval.errors import SnapshotDamaged
from retrieval.keywords import KeywordIndex

Rows = NDArray[np.int64]

EXACT_UP_TO = 30_000
"""Rows up to which all are compared: some 20 ms of processor time a question (`docs/benchmarks.md`)."""
_NEIGHBOURS = 32
_BUILD_WIDTH = 100
_SEARCH_WIDTH = 512


def write_vectors(path: Path, vectors: Vectors, exact_up_to: int = EXACT_UP_TO) -> None:
    """Writes an index of (rows, dimension) vectors: above `exact_up_to` HNSW (Malkov and Yashunin, 2018)."""
    rows, dimension = vectors.shape
    index = faiss.IndexFlatIP(dimension) if rows <= exact_up_to else _graph(dimension)
    index.add(vectors)
    with path.open("wb") as file:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))


def _graph(dimension: int) -> faiss.IndexHNSWFlat:
    graph = faiss.IndexHNSWFlat(dimension, _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = _BUILD_WIDTH
    return graph


class VectorIndex:
    """Opens what `write_vectors` wrote, mapped into memory; safe to search from several threads."""

    def __init__(self, path: Path) -> None:
        try:
            self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise SnapshotDamaged(path.parent, f"{path.name} cannot be read") from error
        self.rows: int = self._index.ntotal
        self.dimension: int = self._index.d
        if isinstance(self._index, faiss.IndexHNSW):
            self._index.hnsw.efSearch = _SEARCH_WIDTH

    def nearest(self, questions: Vectors, k: int) -> Rows:
        """For each question the `k` rows of largest inner product, best first; -1 where there are fewer."""
        rows: Rows = self._index.search(np.ascontiguousarray(questions), k)[1]
        return rows

    def at(self, rows: Sequence[int] | Rows) -> Vectors:
        """The vectors of `rows`, as they were written."""
        vectors: Vectors = self._index.reconstruct_batch(np.asarray(rows, np.int64))
        return vectors


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
