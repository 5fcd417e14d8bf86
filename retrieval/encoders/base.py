"""What every encoder of ours is: langchain's `Embeddings` with a fingerprint, a dimension, and arrays."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Encoder(Embeddings, ABC):
    """Texts to vectors of unit length, so that an inner product is a cosine. Safe to use from several
    threads.

    fingerprint: names the weights and the settings that a vector depends on; equal fingerprints, equal
    vectors.
    dimension: the length of a vector.
    """

    fingerprint: str
    dimension: int

    @property
    def parts(self) -> tuple["Encoder", ...]:
        """The encoders whose vectors stand in this one's, the one that finds most first: an index is filled in this
        order and can be searched after each."""
        return (self,)

    def join(self, vectors: Sequence[Vectors]) -> Vectors:
        """What `encode` gives, from the vectors of all `parts`; from those of the first ones, vectors whose inner
        product with a question's is a score too."""
        return vectors[0]

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Vectors:
        """The vectors of `texts` in their order, float32 of shape (len(texts), dimension)."""

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, for what is asked; its inner product with a text's vector is a score from -1 to 1."""
        return self.encode(texts)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        vector: list[float] = self.encode_questions([text])[0].tolist()
        return vector
