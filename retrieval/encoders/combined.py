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

    def encode(self, texts: Sequence[str]) -> Vectors:
        parts = (
            self._english.encode(texts) * np.sqrt(1 - _SHARE),
            self._multilingual.encode(texts) * np.sqrt(_SHARE),
        )
        return np.concatenate(parts, axis=1, dtype=np.float32)

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
