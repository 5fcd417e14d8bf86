"""GGUF weight files: what OpenVINO GenAI cannot read in one is rewritten, once.

OpenVINO GenAI 2026.4 takes tensors in F16, F32, Q4_0, Q4_1, Q8_0, Q4_K and Q6_K and refuses the rest (Q5_0, which
llama.cpp chooses where a row is no multiple of 256). Those are re-quantised to Q8_0, which holds a Q5_0 value nearly
exactly.
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Knows nothing of where weights come from.
"""

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, ReaderTensor
from gguf.quants import dequantize, quantize

READABLE = frozenset(
    GGMLQuantizationType[name] for name in ("F16", "F32", "Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K")
)
HEADER = frozenset({"GGUF.version", "GGUF.tensor_count", "GGUF.kv_count", "general.architecture"})
"""Fields that the writer makes itself."""


def readable(path: Path) -> bool:
    """Whether OpenVINO GenAI takes every tensor of the file as it is."""
    return all(tensor.tensor_type in READABLE for tensor in GGUFReader(path).tensors)


def prepare(source: Path, target: Path) -> None:
    """Writes `source` to `target` with every unreadable tensor in Q8_0; all else is kept bit for bit.

    The caller moves `target` into place when this returns, so that a killed process leaves no half file behind.
    """
    reader = GGUFReader(source)
    writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
    _copy_fields(reader, writer)
    for tensor in reader.tensors:
        data, kind = _convert(tensor)
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _copy_fields(reader: GGUFReader, writer: GGUFWriter) -> None:
    for name, field in reader.fields.items():
        if name in HEADER:
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=inner)


def _convert(tensor: ReaderTensor) -> tuple[np.ndarray, GGMLQuantizationType]:
    if tensor.tensor_type in READABLE:
        return tensor.data, tensor.tensor_type
    values = dequantize(tensor.data, tensor.tensor_type)
    return quantize(values, GGMLQuantizationType.Q8_0), GGMLQuantizationType.Q8_0
