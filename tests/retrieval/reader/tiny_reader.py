"""A reader of a few weights drawn by chance, beside a file of E5 of the same size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retrieval.encoders.packed_bert import BertShape, PackedBert
from retrieval.reader.weights import HEADS, Calibration, ReaderWeights
from tests.retrieval.encoders import packed_file as packed

SHAPE = BertShape(
    packed.WIDTH,
    packed.LAYERS,
    packed.HEADS,
    packed.INNER,
    len(packed.PIECES),
    packed.LONGEST,
    packed.EPSILON,
)


@dataclass(frozen=True, slots=True)
class TinyReader:
    """weights: the reader's file. words: the open file of E5. tensors, calibration: of the reader."""

    weights: Path
    words: PackedBert
    tensors: packed.Tensors
    calibration: Calibration


def write_reader(
    folder: Path, calibration: Calibration | None = None, shape: BertShape = SHAPE
) -> TinyReader:
    """Its layers are those of the file of E5."""
    tensors = packed.write_packed(folder / "e5.bin")
    rng = np.random.default_rng(1)
    for head in HEADS:
        tensors[f"{head}.w"] = rng.normal(0, 0.3, (1, packed.WIDTH)).astype(np.float32)
        tensors[f"{head}.b"] = rng.normal(0, 1, 1).astype(np.float32)
    own = {name: tensor.astype(np.float16) for name, tensor in tensors.items() if name != "emb.word"}
    calibration = calibration or Calibration()
    ReaderWeights(shape, calibration, own).write(folder / "reader.safetensors")
    return TinyReader(folder / "reader.safetensors", PackedBert(folder / "e5.bin"), tensors, calibration)
