"""GGUF weight files: what OpenVINO GenAI does not read well in one is rewritten, once.

OpenVINO GenAI 2026.4 refuses some types (Q5_0, which llama.cpp chooses where a row is no multiple of 256); reads those
with a minimum for each block (Q4_1, Q4_K) with that minimum rounded to a step, 8 % away from the file, as much again as
the quantisation itself lost; and is slow on Q6_K. All of these become Q8_0, within 0.6 % of the file. `docs/engines.md`
has what this gives and costs. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Knows nothing of where
weights come from.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
from gguf import (
    GGML_QUANT_SIZES,
    GGMLQuantizationType,
    GGUFReader,
    GGUFValueType,
    GGUFWriter,
    ReaderTensor,
    quants,
)

KEPT = frozenset(GGMLQuantizationType[name] for name in ("F16", "F32", "Q4_0", "Q8_0"))
"""What OpenVINO GenAI reads as it is, and fast."""
QUANTISED = GGMLQuantizationType.Q8_0
HEADER = frozenset({"GGUF.version", "GGUF.tensor_count", "GGUF.kv_count", "general.architecture"})
"""Fields that the writer makes itself."""
ROWS = 4096
"""So many rows of a matrix are unpacked at once, which bounds the memory."""


Change = Callable[[np.ndarray], np.ndarray]
"""Makes another matrix of one in float32, of the same shape: (outputs, inputs)."""


def prepare(source: Path, target: Path, changes: Mapping[str, Change] | None = None) -> None:
    """Writes `source` to `target` with other types in Q8_0; all else is kept bit for bit.

    `changes`, by the name of the tensor, are made on the way; what is changed becomes Q8_0 too. Where there is nothing
    to rewrite, `target` becomes a link to `source`. The caller moves it into place when this returns, so that a killed
    process leaves no half file behind.
    """
    changes = changes or {}
    reader = GGUFReader(source)
    target.unlink(missing_ok=True)
    if not changes and all(tensor.tensor_type in KEPT for tensor in reader.tensors):
        target.symlink_to(source.resolve())
        return
    with closing(GGUFWriter(target, reader.fields["general.architecture"].contents())) as writer:
        _copy_fields(reader, writer)
        for tensor in reader.tensors:
            _announce(tensor, writer, changed=tensor.name in changes)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in reader.tensors:
            writer.write_tensor_data(_data(tensor, changes.get(tensor.name)))


def _copy_fields(reader: GGUFReader, writer: GGUFWriter) -> None:
    for name, field in reader.fields.items():
        if name in HEADER:
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=inner)


def _announce(tensor: ReaderTensor, writer: GGUFWriter, *, changed: bool) -> None:
    kind = QUANTISED if changed else _kind(tensor)
    shape = [int(size) for size in reversed(tensor.shape)]
    block, size = GGML_QUANT_SIZES[kind]
    writer.add_tensor_info(
        tensor.name, shape, np.dtype(np.float32), tensor.n_elements // block * size, raw_dtype=kind
    )


def _kind(tensor: ReaderTensor) -> GGMLQuantizationType:
    if tensor.tensor_type in KEPT:
        return tensor.tensor_type
    whole = tensor.tensor_type == GGMLQuantizationType.BF16
    return GGMLQuantizationType.F16 if whole else QUANTISED


def _data(tensor: ReaderTensor, change: Change | None) -> np.ndarray:
    if change:
        changed = change(quants.dequantize(tensor.data, tensor.tensor_type))
        return np.asarray(quants.quantize(changed, QUANTISED))
    kind = _kind(tensor)
    if kind == tensor.tensor_type:
        return np.asarray(tensor.data)
    rows = tensor.data.reshape(-1, tensor.data.shape[-1])
    parts = (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))
    return np.concatenate(
        [quants.quantize(quants.dequantize(part, tensor.tensor_type), kind) for part in parts]
    )
