from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders.base import Vectors
from retrieval.errors import SnapshotDamaged
from retrieval.index import VectorIndex, write_vectors


def random_vectors(rows: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(rows, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_exact_search_finds_what_a_comparison_of_all_finds(tmp_path: Path) -> None:
    vectors, questions = random_vectors(200), random_vectors(5, seed=1)
    write_vectors(tmp_path / "vectors.faiss", vectors)
    found = VectorIndex(tmp_path / "vectors.faiss").nearest(questions, 10)
    assert (found == np.argsort(-(questions @ vectors.T), axis=1)[:, :10]).all()


def test_above_the_threshold_nearly_all_of_the_nearest_are_found(tmp_path: Path) -> None:
    vectors, questions = random_vectors(2000), random_vectors(20, seed=1)
    write_vectors(tmp_path / "vectors.faiss", vectors, exact_up_to=100)
    found = VectorIndex(tmp_path / "vectors.faiss").nearest(questions, 10)
    nearest = np.argsort(-(questions @ vectors.T), axis=1)[:, :10]
    shared = [len(set(a) & set(b)) for a, b in zip(found.tolist(), nearest.tolist(), strict=True)]
    assert sum(shared) >= 0.98 * nearest.size


@pytest.mark.parametrize("exact_up_to", [10, 1000])
def test_vectors_come_back_as_they_were_written(tmp_path: Path, exact_up_to: int) -> None:
    vectors = random_vectors(50)
    write_vectors(tmp_path / "vectors.faiss", vectors, exact_up_to)
    index = VectorIndex(tmp_path / "vectors.faiss")
    assert (index.rows, index.dimension) == (50, 16)
    assert (index.at([7, 3]) == vectors[[7, 3]]).all()


def test_fewer_rows_than_asked_for_are_marked(tmp_path: Path) -> None:
    write_vectors(tmp_path / "vectors.faiss", random_vectors(2))
    found = VectorIndex(tmp_path / "vectors.faiss").nearest(random_vectors(1, seed=1), 4)
    assert sorted(found[0].tolist()) == [-1, -1, 0, 1]


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "vectors.faiss").write_bytes(b"not an index")
    with pytest.raises(SnapshotDamaged, match=r"vectors\.faiss"):
        VectorIndex(tmp_path / "vectors.faiss")
