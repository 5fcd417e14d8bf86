from pathlib import Path

import numpy as np
import pytest

from finetune.training.retriever.negatives import Mining, mine
from retrieval.index import Index
from retrieval.keywords import KeywordIndex
from retrieval.vectors import VectorIndex, write_vectors
from tests.retrieval.fakes import HashingEncoder

TEXTS = (
    "the pump is quiet at night",
    "the pump is quiet at night!",
    "the pump is loud",
    "refunds take five days",
    "the pump",
)
QUESTION = "is the pump quiet"


@pytest.fixture
def index(tmp_path: Path, encoder: HashingEncoder) -> Index:
    write_vectors(tmp_path / "vectors.faiss", encoder.encode(TEXTS))
    KeywordIndex.write(tmp_path / "keywords", TEXTS)
    return Index(VectorIndex(tmp_path / "vectors.faiss"), KeywordIndex(tmp_path / "keywords"))


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


def mined(index: Index, encoder: HashingEncoder, mining: Mining) -> list[int]:
    (rows,) = mine(index, [QUESTION], encoder.encode([QUESTION]), [[0]], mining)
    return rows


def test_the_hardest_come_first_without_the_positive_and_its_twin(
    index: Index, encoder: HashingEncoder
) -> None:
    assert mined(index, encoder, Mining()) == [2, 4, 3]


def test_so_many_are_enough(index: Index, encoder: HashingEncoder) -> None:
    assert mined(index, encoder, Mining(count=1)) == [2]


def test_what_comes_near_the_positive_may_be_an_answer(index: Index, encoder: HashingEncoder) -> None:
    near = encoder.encode([QUESTION])[0] @ encoder.encode([TEXTS[2], TEXTS[0]]).T
    assert near[0] > 0.5 * near[1]
    assert mined(index, encoder, Mining(margin=0.5)) == [3]


def test_where_all_passages_answer_there_is_no_negative(index: Index, encoder: HashingEncoder) -> None:
    everything = [list(range(len(TEXTS)))]
    assert mine(index, [QUESTION], encoder.encode([QUESTION]), everything, Mining()) == [[]]


def test_no_questions_need_no_negatives(index: Index) -> None:
    assert mine(index, [], np.empty((0, 64), np.float32), [], Mining()) == []
