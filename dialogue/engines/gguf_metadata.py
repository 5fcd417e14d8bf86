"""The metadata of a GGUF file in a file of its own: shape, tokenizer and chat template, without the weights.

OpenVINO's tokenizer reads a whole GGUF file, refuses weights of a type that it does not know, and needs none of them.
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

import mmap
import struct
from pathlib import Path

HEADER = struct.Struct("<4sIQQ")
"""Magic, version, number of tensors, number of keys."""
LENGTH = struct.Struct("<Q")
KIND = struct.Struct("<I")
STRING, ARRAY = 8, 9
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of the other kinds of value."""


def copy_metadata(source: Path, target: Path) -> None:
    """Raises ValueError or struct.error where `source` is no GGUF file."""
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        magic, version, _, keys = HEADER.unpack_from(data)
        if magic != b"GGUF":
            raise ValueError(f"{source.name} is no GGUF file")
        end = HEADER.size
        for _ in range(keys):
            end = _after_string(data, end)
            (kind,) = KIND.unpack_from(data, end)
            end = _after_value(data, end + KIND.size, kind)
        target.write_bytes(HEADER.pack(magic, version, 0, keys) + data[HEADER.size : end])


def _after_string(data: mmap.mmap, at: int) -> int:
    return at + LENGTH.size + int(LENGTH.unpack_from(data, at)[0])


def _after_value(data: mmap.mmap, at: int, kind: int) -> int:
    if kind == STRING:
        return _after_string(data, at)
    if kind != ARRAY:
        return at + SIZES[kind]
    (inner,) = KIND.unpack_from(data, at)
    (count,) = LENGTH.unpack_from(data, at + KIND.size)
    at += KIND.size + LENGTH.size
    if inner in SIZES:
        return at + int(count) * SIZES[inner]
    for _ in range(count):
        at = _after_value(data, at, inner)
    return at
