import numpy as np
import pytest

from retrieval.encoders.multilingual import MultilingualEncoder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def encoder() -> MultilingualEncoder:
    return MultilingualEncoder()


def test_vectors_are_of_unit_length_in_the_order_of_the_texts(encoder: MultilingualEncoder) -> None:
    texts = [f"Question number {number}" for number in range(40)]
    vectors = encoder.encode(texts)
    assert vectors.shape == (40, encoder.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(40), abs=1e-4)
    assert vectors[39] == pytest.approx(encoder.encode(texts[39:])[0], abs=1e-4)


def test_the_same_in_another_language_is_near(encoder: MultilingualEncoder) -> None:
    question, same, other = encoder.encode(
        ["退款需要多长时间？", "How long do refunds take?", "The pump is blue."]
    )
    assert question @ same > question @ other + 0.3


def test_no_texts_give_no_vectors(encoder: MultilingualEncoder) -> None:
    assert encoder.encode([]).shape == (0, 512)


def test_langchain_gets_lists(encoder: MultilingualEncoder) -> None:
    assert encoder.embed_query("refund") == encoder.embed_documents(["refund"])[0]
