"""A multilingual BERT in 4 bits, as one file holds it: word vectors, layers, and the pieces of its tokenizer.

The file's layout (`E5S1`, little endian): header, tokenizer, directory of tensors, tensors. A matrix is rows of blocks
of 32 values: a half-precision scale and 16 bytes, the low nibbles being the first 16 values, minus 8. The word vectors
of 250,000 pieces stay in the file, mapped into memory; only the rows of a text are unpacked.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.encoders.base import Vectors
from retrieval.encoders.unigram import Special, UnigramTokenizer
from retrieval.errors import EncoderError

MAGIC = b"E5S1"
BLOCK = 32
"""Values that share a scale."""
BLOCK_BYTES = 2 + BLOCK // 2
PACKED = 1
"""The type of a matrix in blocks; 0 is float32."""
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class BertShape:
    """The sizes of a BERT. longest: positions, in tokens."""

    width: int
    layers: int
    heads: int
    inner: int
    pieces: int
    longest: int
    epsilon: float


class PackedBert:
    """An open file. Raises EncoderError where it is missing or not of this layout."""

    def __init__(self, path: Path) -> None:
        try:
            self._bytes: Bytes = np.memmap(path, np.uint8, "r")
            reader = _Reader(self._bytes)
            self.shape = _shape(reader)
            self.tokenizer, self.special = _tokenizer(reader, self.shape.longest)
            self._directory = _directory(reader, len(self._bytes))
            self._words = self._rows("emb.word", self.shape.width)
        except (OSError, ValueError, KeyError, RuntimeError, struct.error) as error:
            raise EncoderError(
                f"{path} is not a packed encoder ({error}). Fetch its weights again.",
                remedies=("weights", "encoder"),
            ) from error

    def words(self, ids: NDArray[np.int64]) -> Vectors:
        """The word vectors of pieces of any shape: (..., width)."""
        return _unpacked(self._words[ids.ravel()]).reshape(*ids.shape, self.shape.width)

    def vector(self, name: str) -> Vectors:
        """A tensor that is kept in float32, flat."""
        start, size, _ = self._directory[name]
        return np.frombuffer(self._bytes[start : start + 4 * size], "<f4")

    def matrix(self, name: str, inputs: int) -> Vectors:
        """A matrix of shape (outputs, inputs), unpacked."""
        return _unpacked(self._rows(name, inputs))

    def _rows(self, name: str, inputs: int) -> Bytes:
        start, size, kind = self._directory[name]
        if kind != PACKED:
            raise ValueError(f"{name} is not packed")
        row = inputs // BLOCK * BLOCK_BYTES
        return self._bytes[start : start + size // inputs * row].reshape(-1, row)


@cache
def open_bert(path: Path) -> PackedBert:
    """The file, opened once for all who share its tokenizer and word vectors. Raises EncoderError."""
    return PackedBert(path)


def _unpacked(rows: Bytes) -> Vectors:
    """(n, bytes of a row) to (n, values of a row)."""
    blocks = np.ascontiguousarray(rows).reshape(len(rows), -1, BLOCK_BYTES)
    scales = blocks[..., :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[..., 2:] & 15, blocks[..., 2:] >> 4], axis=-1).astype(np.float32) - 8
    return (nibbles * scales).reshape(len(rows), -1)


class _Reader:
    """Takes one value after the other."""

    def __init__(self, content: Bytes) -> None:
        self._content = content
        self._at = 0

    def take(self, layout: str) -> Any:
        """One value, or a tuple of several, in `struct`'s notation."""
        values = struct.unpack(f"<{layout}", self.bytes(struct.calcsize(f"<{layout}")))
        return values if len(values) > 1 else values[0]

    def array(self, kind: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self.bytes(np.dtype(kind).itemsize * count), kind)

    def bytes(self, count: int) -> bytes:
        found = self._content[self._at : self._at + count].tobytes()
        if len(found) < count:
            raise ValueError("it ends too early")
        self._at += count
        return found


def _shape(reader: _Reader) -> BertShape:
    if reader.bytes(4) != MAGIC:
        raise ValueError("its first bytes are others")
    _version, width, layers, heads, inner, pieces, longest, _types = reader.take("I7i")
    epsilon, block = reader.take("fi")
    if block != BLOCK:
        raise ValueError(f"its blocks are of {block}")
    return BertShape(width, layers, heads, inner, pieces, longest, epsilon)


def _tokenizer(reader: _Reader, longest: int) -> tuple[UnigramTokenizer, Special]:
    """The file's own map of characters is that of NFKC with white space as spaces, and passed over."""
    count, begin, end, padding, unknown = reader.take("5i")
    special = Special(begin, end, padding, unknown)
    size = reader.take("Q")
    offsets = reader.array("<u4", count + 1).tolist()
    scores = reader.array("<f4", count).tolist()
    text = reader.bytes(size)
    _characters, mapped = reader.take("iI")
    reader.bytes(mapped)
    pieces = [text[slice(*span)] for span in pairwise(offsets)]
    return UnigramTokenizer(pieces, scores, special, longest), special


def _directory(reader: _Reader, end: int) -> Mapping[str, tuple[int, int, int]]:
    """By name where a tensor begins, its number of values and its type; all of them end before `end`."""
    found = {}
    for _ in range(reader.take("i")):
        name = reader.bytes(reader.take("H")).decode()
        kind, values, start, size = reader.take("BIQQ")
        if start + size > end:
            raise ValueError("it ends too early")
        found[name] = (start, values, kind)
    return found
