from pathlib import Path

import numpy as np
import pytest

from retrieval.index import Index, VectorIndex, write_vectors
from retrieval.keywords import KeywordIndex
from tests.retrieval.fakes import HashingEncoder

TEXTS = ["refund of a charger", "noise of the heat pump", "order number GT-4711", "warranty of the battery"]


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def index(tmp_path: Path, encoder: HashingEncoder) -> Index:
    write_vectors(tmp_path / "vectors.faiss", encoder.encode(TEXTS))
    return Index(VectorIndex(tmp_path / "vectors.faiss"), KeywordIndex.write(tmp_path / "keywords", TEXTS))


def test_the_nearest_comes_first_with_its_cosine(index: Index, encoder: HashingEncoder) -> None:
    hits = index.search(["heat pump noise"], encoder.encode(["heat pump noise"]), 4)
    assert hits[0].row == 1
    expected = encoder.encode([TEXTS[1]])[0] @ encoder.encode(["heat pump noise"])[0]
    assert hits[0].score == pytest.approx(expected, abs=1e-6)
    assert [hit.relevance for hit in hits] == sorted((hit.relevance for hit in hits), reverse=True)


def test_a_keyword_lifts_what_the_vectors_miss(index: Index) -> None:
    blind = np.zeros((1, HashingEncoder.dimension), np.float32)
    (hit,) = index.search(["GT-4711"], blind, 1)
    assert (hit.row, hit.score) == (2, 0.0)


def test_a_row_that_suits_both_wordings_comes_first(index: Index, encoder: HashingEncoder) -> None:
    wordings = ["what of the noise", "what of the pump"]
    assert index.search(wordings, encoder.encode(wordings), 1)[0].row == 1


def test_the_score_is_that_of_the_best_wording(index: Index, encoder: HashingEncoder) -> None:
    wordings = ["zzz", "noise of the heat pump"]
    assert index.search(wordings, encoder.encode(wordings), 1)[0].score == pytest.approx(1.0, abs=1e-6)


def test_without_rows_there_are_no_hits(tmp_path: Path, encoder: HashingEncoder) -> None:
    write_vectors(tmp_path / "empty.faiss", encoder.encode([]).reshape(0, encoder.dimension))
    empty = Index(VectorIndex(tmp_path / "empty.faiss"), KeywordIndex.write(tmp_path / "none", []))
    assert empty.search(["refund"], encoder.encode(["refund"]), 5) == []
