from pathlib import Path

import numpy as np
import pytest

from retrieval.collection import Collection
from retrieval.encoders.query_map import MappedEncoder, QueryMap
from retrieval.errors import EncoderError
from retrieval.retriever import Retriever
from tests.retrieval.fakes import HashingEncoder

ASKED, MEANT = "hushed", "quiet"


@pytest.fixture
def synonyms(encoder: HashingEncoder) -> QueryMap:
    """Adds the vector of one word to every question that has another."""
    asked, meant = encoder.encode([ASKED, MEANT])
    matrix = np.eye(encoder.dimension, dtype=np.float32) + 0.5 * np.outer(asked, meant)
    return QueryMap(matrix.astype(np.float32), encoder.fingerprint)


def test_questions_are_mapped(encoder: HashingEncoder, synonyms: QueryMap) -> None:
    mapped = MappedEncoder(encoder, synonyms)
    asked, meant = encoder.encode([ASKED, MEANT])
    (question,) = mapped.encode_questions([ASKED])
    assert asked @ meant == pytest.approx(0)
    assert question == pytest.approx(asked + 0.5 * meant, abs=1e-6)
    assert question.dtype == np.float32


def test_passages_are_not(encoder: HashingEncoder, synonyms: QueryMap) -> None:
    assert (MappedEncoder(encoder, synonyms).encode([ASKED, MEANT]) == encoder.encode([ASKED, MEANT])).all()


def test_an_index_serves_with_the_map_as_without(
    encoder: HashingEncoder, synonyms: QueryMap, documents: Path, tmp_path: Path
) -> None:
    Collection(tmp_path / "index", encoder).ingest(documents)
    plain = Retriever(collection=Collection(tmp_path / "index", encoder), k=1)
    mapped = Retriever(collection=Collection(tmp_path / "index", MappedEncoder(encoder, synonyms)), k=1)
    assert plain.invoke(ASKED)[0].metadata["score"] == pytest.approx(0)
    found = mapped.invoke(ASKED)[0]
    assert "quiet" in found.page_content
    assert found.metadata["score"] > 0.1


def test_a_map_is_read_as_it_was_written(encoder: HashingEncoder, synonyms: QueryMap, tmp_path: Path) -> None:
    synonyms.write(tmp_path / "map.safetensors")
    read = QueryMap.read(tmp_path / "map.safetensors")
    assert read.encoder == encoder.fingerprint
    assert read.matrix == pytest.approx(synonyms.matrix, abs=1e-3)
    assert read.matrix.dtype == np.float32


def test_no_questions_are_no_trouble(encoder: HashingEncoder, synonyms: QueryMap) -> None:
    assert MappedEncoder(encoder, synonyms).encode_questions([]).shape == (0, encoder.dimension)


def test_a_question_without_a_direction_stays_without(encoder: HashingEncoder, synonyms: QueryMap) -> None:
    assert not MappedEncoder(encoder, synonyms).encode_questions(["?!"]).any()


def test_the_map_of_another_encoder_is_refused(synonyms: QueryMap) -> None:
    with pytest.raises(EncoderError, match="Use the former encoder"):
        MappedEncoder(HashingEncoder("another"), synonyms)


@pytest.mark.parametrize("content", [None, b"torn off"])
def test_what_is_no_map_is_refused_by_name(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "map.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EncoderError, match=r"map\.safetensors is not a query map"):
        QueryMap.read(path)
