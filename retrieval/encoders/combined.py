"""Two encoders side by side: an English one, and a multilingual one for what the first cannot read.

A chunk's vector holds both. The question decides how it is compared: in Latin script mostly by the English
encoder, in any other script by the multilingual one alone, so a Chinese question finds Chinese and English
chunks alike.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.encoders.base import Encoder, Vectors


@dataclass(frozen=True, slots=True)
class Mixture:
    """How two cosines become one score for a question in Latin script: `share` of the multilingual one, after it has
    been stretched so that `floor`, the level of unrelated texts, becomes 0."""

    share: float
    floor: float = 0.0


WITH_USE = Mixture(0.2)
WITH_E5 = Mixture(1 / 3, 0.75)
"""The best on the development sets, `docs/benchmarks.md`."""


class CombinedEncoder(Encoder):
    """A chunk's vector is the English and the multilingual one, each scaled, and a constant if there is a floor.

    The inner product of a question's and a chunk's vector is the mixture of the two cosines for a question in Latin
    script, else the multilingual one alone, so the vectors are not of unit length.
    """

    def __init__(self, english: Encoder, multilingual: Encoder, mixture: Mixture = WITH_USE) -> None:
        self._english = english
        self._multilingual = multilingual
        self._share = mixture.share
        stretch = 1 / (1 - mixture.floor)
        self._scales = (
            np.sqrt(1 - mixture.share),
            np.sqrt(mixture.share * stretch),
            np.sqrt(mixture.share * stretch * mixture.floor),
        )
        levels = (1,) if mixture.floor else ()
        self._level = np.ones((1, len(levels)), np.float32)
        self.fingerprint = f"{english.fingerprint}+{multilingual.fingerprint}" + (
            f" {mixture}" if levels else ""
        )
        self.dimension = english.dimension + multilingual.dimension + len(levels)

    @property
    def parts(self) -> tuple[Encoder, ...]:
        return self._english, self._multilingual

    def join(self, vectors: Sequence[Vectors]) -> Vectors:
        """The English vectors alone are scaled so that a Latin question's inner product is the English cosine; with
        any other question it is 0."""
        if len(vectors) == 1:
            nothing = np.zeros((len(vectors[0]), self.dimension - self._english.dimension), np.float32)
            return np.concatenate([vectors[0] / self._scales[0], nothing], axis=1, dtype=np.float32)
        return self._joined(vectors, 1)

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self.join([part.encode(texts) for part in self.parts])

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        parts = [part.encode_questions(texts) for part in self.parts]
        vectors = self._joined(parts, -1)
        for row, text in enumerate(texts):
            if not mostly_latin(text):
                vectors[row, : self._english.dimension] = 0
                vectors[row, self._english.dimension :] /= self._share
        return vectors

    def _joined(self, parts: Sequence[Vectors], sign: int) -> Vectors:
        """parts: English, multilingual. sign: of the constant, which is subtracted where a question meets a chunk."""
        level = np.repeat(self._level, len(parts[0]), axis=0) * sign
        scaled = [part * scale for part, scale in zip((*parts, level), self._scales, strict=True)]
        return np.concatenate(scaled, axis=1, dtype=np.float32)


def mostly_latin(text: str) -> bool:
    """Whether at least four of five letters are Latin: an ideograph says as much as several of them."""
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return latin >= 4 * (len(letters) - latin)
