"""The reader's weights: one safetensors file in half precision, without the word vectors, which are those of E5.

Tensors are called as in the file of E5 (`l0.q.w` ... `l0.oln.b`, `emb.pos`, `emb.type`, `emb.ln.w`, `emb.ln.b`), and
the heads `relevance`, `answers` (both on the state of the first token) and `evidence` (on that of every token), each
with `.w` of shape (1, width) and `.b` of shape (1). What they give are logits.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from retrieval.encoders.base import Vectors
from retrieval.encoders.packed_bert import BertShape
from retrieval.errors import EncoderError

HEADS = ("relevance", "answers", "evidence")
_SHAPE, _CALIBRATION = "shape", "calibration"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How logits are used beside the search that found the passages; fitted on development sets.

    rank: passages are ordered by their relevance in the search plus `rank` times the logit of `relevance`.
    answers, search, bias: the log odds that any of the passages answers, from the greatest logit of `answers` and the
    greatest relevance in the search.
    evidence: the mean probability of its tokens from which a unit is evidence.
    """

    rank: float = 0.02
    answers: float = 1.0
    search: float = 0.0
    bias: float = 0.0
    evidence: float = 0.5

    def answered(self, answers: float, search: float) -> float:
        """The probability that something answers."""
        odds = self.answers * answers + self.search * search + self.bias
        return float(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


@dataclass(frozen=True, slots=True)
class ReaderWeights:
    """Tensors by name, as `BertGraph` asks for them."""

    shape: BertShape
    calibration: Calibration
    tensors: Mapping[str, NDArray[np.float16]]

    @classmethod
    def read(cls, path: Path) -> "ReaderWeights":
        """Raises EncoderError where the file is missing or holds something else."""
        try:
            with safe_open(path, "numpy") as file:
                about = file.metadata() or {}
            shape = BertShape(**json.loads(about[_SHAPE]))
            return cls(shape, Calibration(**json.loads(about[_CALIBRATION])), load_file(path))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise EncoderError(f"{path} is not a reader ({error}).", remedies=("weights",)) from error

    def write(self, path: Path) -> None:
        about: dict[str, Any] = {_SHAPE: asdict(self.shape), _CALIBRATION: asdict(self.calibration)}
        save_file(dict(self.tensors), path, {name: json.dumps(value) for name, value in about.items()})

    def vector(self, name: str) -> Vectors:
        """A tensor, flat, in float32."""
        return self.tensors[name].astype(np.float32).ravel()

    def matrix(self, name: str, inputs: int) -> Vectors:
        """A tensor of shape (outputs, inputs) in float32."""
        return self.vector(name).reshape(-1, inputs)
