"""An encoder whose questions go through a linear map that was learnt: the similarity `q W p`.

Passages stay as they are, so an index serves every map of its encoder, and none. The idea is that of Rocchio's moved
question (1971), learnt for all questions at once instead of from the feedback to one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from retrieval.encoders.base import Encoder, Vectors
from retrieval.errors import EncoderError

MAP_FILE = "map.safetensors"
"""What a map's file is called in a folder."""
_MATRIX, _ENCODER = "map", "encoder"


@dataclass(frozen=True, slots=True)
class QueryMap:
    """matrix: W of shape (dimension, dimension); a row `q` becomes `q W`. encoder: whose questions, by fingerprint."""

    matrix: Vectors
    encoder: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises EncoderError where there is no such file, or it is none."""
        try:
            with safe_open(path, framework="numpy") as file:
                return cls(
                    np.asarray(file.get_tensor(_MATRIX), np.float32), (file.metadata() or {})[_ENCODER]
                )
        except (OSError, SafetensorError, KeyError) as error:
            raise EncoderError(
                f"{path} is not a query map ({error}). Train it again.", remedies=("train_query_map",)
            ) from error

    def write(self, path: Path) -> None:
        """In half precision, which ranks alike and is half as large."""
        save_file({_MATRIX: self.matrix.astype(np.float16)}, path, metadata={_ENCODER: self.encoder})

    def apply(self, questions: Vectors) -> Vectors:
        """The mapped rows. They are not made as long as they were: a map is learnt so that scores keep their level."""
        mapped: Vectors = questions @ self.matrix
        return mapped


class MappedEncoder(Encoder):
    """`encoder` with the questions mapped. Its fingerprint is the encoder's: an index depends on nothing else."""

    def __init__(self, encoder: Encoder, map: QueryMap) -> None:
        """Raises EncoderError where the map was learnt for another encoder."""
        if map.encoder != encoder.fingerprint or map.matrix.shape != (encoder.dimension, encoder.dimension):
            raise EncoderError(
                f"The query map was trained for encoder {map.encoder} and this one is {encoder.fingerprint}. "
                "Use the former encoder, or another map.",
                remedies=("encoder", "releases"),
            )
        self._encoder = encoder
        self._map = map
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension

    @property
    def parts(self) -> tuple[Encoder, ...]:
        return self._encoder.parts

    def join(self, vectors: Sequence[Vectors]) -> Vectors:
        return self._encoder.join(vectors)

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.encode(texts)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        return self._map.apply(self._encoder.encode_questions(texts))
