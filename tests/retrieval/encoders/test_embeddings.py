"""Any langchain embeddings as an encoder."""

import numpy as np
from langchain_core.embeddings import Embeddings

from retrieval.encoders.embeddings import EmbeddingsEncoder


class Lengths(Embeddings):
    """Questions and passages are embedded differently, as by many models."""

    model = "lengths-1"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[3.0 * len(text), 4.0 * len(text)] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [0.0, float(len(text))]


def test_vectors_have_unit_length_and_questions_their_own_form() -> None:
    encoder = EmbeddingsEncoder(Lengths())
    assert np.allclose(encoder.encode(["a", "bcd"]), [[0.6, 0.8], [0.6, 0.8]])
    assert np.allclose(encoder.encode_questions(["why?"]), [[0.0, 1.0]])
    assert encoder.encode([]).shape == (0, 2)
    assert not encoder.encode_questions([""]).any()


def test_the_fingerprint_names_class_model_and_dimension_unless_it_is_given() -> None:
    assert EmbeddingsEncoder(Lengths()).fingerprint == f"{__name__}.Lengths lengths-1 2"
    assert EmbeddingsEncoder(Lengths(), "mine").fingerprint == "mine"
