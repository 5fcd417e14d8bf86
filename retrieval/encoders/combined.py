"""Two encoders side by side: an English one, and a multilingual one for what the first cannot read.

A chunk's vector holds both. The question decides how it is compared: in Latin script mostly by the English
encoder, in any other script by the multilingual one alone, so a Chinese question finds Chinese and English
chunks alike.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np

from retrieval.encoders.base import Encoder, Vectors

_SHARE = 0.2
"""The multilingual part of a Latin comparison: the best on the development sets, `docs/benchmarks.md`."""


class CombinedEncoder(Encoder):
    """Vectors are [sqrt(0.8) english, sqrt(0.2) multilingual], of unit length.

    The inner product of a question's and a chunk's vector is 0.8 and 0.2 of the two cosines for a question in
    Latin script, else the multilingual cosine; a question's vector is therefore not always of unit length.
    """

    def __init__(self, english: Encoder, multilingual: Encoder) -> None:
        self._english = english
        self._multilingual = multilingual
        self.fingerprint = f"{english.fingerprint}+{multilingual.fingerprint}"
        self.dimension = english.dimension + multilingual.dimension

    @property
    def parts(self) -> tuple[Encoder, ...]:
        return self._english, self._multilingual

    def join(self, vectors: Sequence[Vectors]) -> Vectors:
        """The English vectors alone are scaled so that a Latin question's inner product is the English cosine; with
        any other question it is 0."""
        if len(vectors) == 1:
            nothing = np.zeros((len(vectors[0]), self._multilingual.dimension), np.float32)
            return np.concatenate([vectors[0] / np.sqrt(1 - _SHARE), nothing], axis=1, dtype=np.float32)
        english, multilingual = vectors
        scaled = english * np.sqrt(1 - _SHARE), multilingual * np.sqrt(_SHARE)
        return np.concatenate(scaled, axis=1, dtype=np.float32)

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self.join([part.encode(texts) for part in self.parts])

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        vectors = self.encode(texts)
        for row, text in enumerate(texts):
            if not mostly_latin(text):
                vectors[row, : self._english.dimension] = 0
                vectors[row, self._english.dimension :] /= _SHARE
        return vectors


def mostly_latin(text: str) -> bool:
    """Whether at least four of five letters are Latin: an ideograph says as much as several of them."""
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return latin >= 4 * (len(letters) - latin)
