"""The vectors of a snapshot in FAISS: exact search while that is quick, a graph above.

Knows rows and inner products, not what they stand for.
"""

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.encoders.base import Vectors
from retrieval.errors import SnapshotDamaged

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
