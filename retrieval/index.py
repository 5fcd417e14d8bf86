"""Hybrid search over numbered rows: cosines from FAISS plus weighted BM25 scores.

Vectors are compared exactly up to a size, and through an HNSW graph above it. Rows that no vector is known of yet are
found by keywords alone, with an estimate in place of the cosine. Knows rows, not what they stand for.
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


ESTIMATE = 1.25
"""Times a row's share of the greatest BM25 score that the question could get, this stands for its cosine. On XQuAD's
English passages, best rows of 250 questions: median 0.52 for 0.60 with an answer there, 0.17 for 0.21 without."""


@dataclass(frozen=True, slots=True)
class Index:
    """keyword_weight: 0 leaves the keywords out. keyword_rows: how many rows there are, where no vector is known yet.

    complete: whether every row has its whole vector; until then, an inner product of 0 means that nothing was compared.
    """

    vectors: VectorIndex
    keywords: KeywordIndex
    keyword_weight: float = KEYWORD_WEIGHT
    keyword_rows: int = 0
    complete: bool = True

    def search(self, questions: Sequence[str], encoded: Vectors | None, k: int) -> list[Hit]:
        """The `k` best rows for wordings of one question, `encoded` of shape (len(questions), dimension).

        Without vectors `encoded` is not looked at. A row's relevance is the mean over the wordings, so that a row which
        suits them all comes first.
        """
        total = self.vectors.rows or self.keyword_rows
        if not total or k < 1:
            return []
        found = self._keyword_scores(questions, total)
        matches = _divided(found, found.max(axis=1))
        rows = self._candidates(encoded, matches)
        cosines = self._cosines(questions, encoded, found, rows)
        relevance = (cosines + self.keyword_weight * matches[:, rows]).mean(axis=0)
        best = np.argsort(-relevance, kind="stable")[:k]
        scores = cosines.max(axis=0, initial=-1.0).clip(-1.0, 1.0)
        return [Hit(int(rows[i]), float(relevance[i]), float(scores[i])) for i in best]

    def _keyword_scores(self, questions: Sequence[str], total: int) -> NDArray[np.float32]:
        """BM25 scores (questions, rows); zeros where they do not count."""
        if not self.keyword_weight:
            return np.zeros((len(questions), total), np.float32)
        return np.stack([self.keywords.scores(question, total) for question in questions])

    def _candidates(self, encoded: Vectors | None, matches: NDArray[np.float32]) -> Rows:
        """The rows that either search proposes, each once, in rising order."""
        proposed = [_largest(row, _CANDIDATES) for row in matches]
        if self.vectors.rows and encoded is not None:
            proposed.append(self.vectors.nearest(encoded, _CANDIDATES).ravel())
        rows = np.unique(np.concatenate(proposed))
        return rows[rows >= 0]

    def _cosines(
        self, questions: Sequence[str], encoded: Vectors | None, found: NDArray[np.float32], rows: Rows
    ) -> NDArray[np.float32]:
        """Of each question with each of `rows`; estimated from the keywords where vectors cannot be compared."""
        cosines = np.zeros((len(questions), len(rows)), np.float32)
        if self.vectors.rows and encoded is not None:
            cosines = encoded @ self.vectors.at(rows).T
        if self.complete:
            return cosines
        total = found.shape[1]
        limits = np.array([self.keywords.limit(question, total) for question in questions], np.float32)
        estimates = np.minimum(1, ESTIMATE * _divided(found[:, rows], limits))
        return np.where(cosines == 0, estimates, cosines)


def _divided(scores: NDArray[np.float32], by: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row divided by its number; a row of zeros stays."""
    divisor = by[:, np.newaxis]
    shares: NDArray[np.float32] = np.divide(scores, divisor, out=np.zeros_like(scores), where=divisor > 0)
    return shares


def _largest(scores: NDArray[np.float32], k: int) -> Rows:
    """Where the `k` largest positive scores are, in no order."""
    largest = np.argpartition(-scores, min(k, len(scores)) - 1)[:k]
    return largest[scores[largest] > 0]
