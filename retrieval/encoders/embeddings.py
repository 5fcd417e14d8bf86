"""Any langchain `Embeddings` as an encoder."""

from collections.abc import Sequence

import numpy as np
from langchain_core.embeddings import Embeddings

from retrieval.encoders.base import Encoder, Vectors

_NAMES = ("model", "model_name", "model_id", "deployment")
"""Where classes of embeddings keep what their model is called."""


class EmbeddingsEncoder(Encoder):
    """Vectors of `embeddings`, brought to unit length.

    fingerprint: must change whenever the vectors do, for an index is searched only with the encoder that filled it. By
    default it is the class, the name of its model and the dimension.
    """

    def __init__(self, embeddings: Embeddings, fingerprint: str = "") -> None:
        """Embeds one word, to learn the dimension."""
        self._embeddings = embeddings
        self.dimension = len(embeddings.embed_query("dimension"))
        self.fingerprint = fingerprint or f"{_name(embeddings)} {self.dimension}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._unit(self._embeddings.embed_documents(list(texts)) if texts else [])

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        return self._unit([self._embeddings.embed_query(text) for text in texts])

    def _unit(self, vectors: Sequence[Sequence[float]]) -> Vectors:
        rows = np.asarray(vectors, np.float32).reshape(len(vectors), self.dimension)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def _name(embeddings: Embeddings) -> str:
    kind = type(embeddings)
    model = next((str(value) for name in _NAMES if (value := getattr(embeddings, name, None))), "")
    return f"{kind.__module__}.{kind.__qualname__} {model}".strip()
