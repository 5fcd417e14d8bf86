"""Writes a BERT of any size in the packed layout, with weights drawn by chance."""

import struct
from pathlib import Path

import numpy as np

BLOCK = 32
PIECES = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁query",
    "▁passage",
    ":",
    "▁heat",
    "▁pump",
    "▁quiet",
    "▁night",
    "▁",
    "s",
]
WIDTH, LAYERS, HEADS, INNER, LONGEST = 32, 2, 2, 64, 16
EPSILON = 1e-12

Tensors = dict[str, np.ndarray]


def write_packed(path: Path, seed: int = 7) -> Tensors:
    """The tensors as they read when unpacked, by their names in the file."""
    rng = np.random.default_rng(seed)
    tensors: Tensors = {}
    packed: dict[str, bytes] = {}
    for name, rows, columns in _matrices():
        packed[name], tensors[name] = _pack(rng.normal(0, 0.3, (rows, columns)).astype(np.float32))
    for name, size in _vectors():
        tensors[name] = rng.normal(1 if name.endswith("ln.w") else 0, 0.1, size).astype("<f4")
        packed[name] = tensors[name].tobytes()
    path.write_bytes(_file(tensors, packed))
    return tensors


def _matrices() -> list[tuple[str, int, int]]:
    shapes = [("emb.word", len(PIECES), WIDTH)]
    for layer in range(LAYERS):
        shapes += [(f"l{layer}.{part}.w", WIDTH, WIDTH) for part in ("q", "k", "v", "ao")]
        shapes += [(f"l{layer}.fi.w", INNER, WIDTH), (f"l{layer}.fo.w", WIDTH, INNER)]
    return shapes


def _vectors() -> list[tuple[str, int]]:
    sizes = [("emb.pos", LONGEST * WIDTH), ("emb.type", 2 * WIDTH), ("emb.ln.w", WIDTH), ("emb.ln.b", WIDTH)]
    for layer in range(LAYERS):
        biases = ("q.b", "k.b", "v.b", "ao.b", "fo.b", "aln.w", "aln.b", "oln.w", "oln.b")
        sizes += [(f"l{layer}.{part}", WIDTH) for part in biases]
        sizes += [(f"l{layer}.fi.b", INNER)]
    return sizes


def _pack(matrix: np.ndarray) -> tuple[bytes, np.ndarray]:
    """The bytes, and the matrix that they hold."""
    blocks = matrix.reshape(-1, BLOCK)
    scales = (np.abs(blocks).max(axis=1, keepdims=True) / 7).astype("<f2")
    values = np.clip(np.round(blocks / scales.astype(np.float32)), -8, 7).astype(np.int8)
    stored = (values + 8).astype(np.uint8)
    nibbles = stored[:, :16] | stored[:, 16:] << 4
    content = b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, nibbles, strict=True))
    return content, (values * scales.astype(np.float32)).reshape(matrix.shape)


def _file(tensors: Tensors, packed: dict[str, bytes]) -> bytes:
    head = b"E5S1" + struct.pack("<I7i", 1, WIDTH, LAYERS, HEADS, INNER, len(PIECES), LONGEST, 2)
    head += struct.pack("<fi", EPSILON, BLOCK) + _tokenizer()
    directory = sum(2 + len(name.encode()) + 1 + 4 + 8 + 8 for name in packed)
    start = len(head) + 4 + directory
    entries = struct.pack("<i", len(packed))
    for name, content in packed.items():
        kind = int(name in dict.fromkeys(each[0] for each in _matrices()))
        entries += struct.pack("<H", len(name)) + name.encode()
        entries += struct.pack("<BIQQ", kind, tensors[name].size, start, len(content))
        start += len(content)
    return head + entries + b"".join(packed.values())


def _tokenizer() -> bytes:
    pieces = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, pieces)]).astype("<u4")
    scores = np.array([0, 0, 0, 0, *(-1.0 - n / 10 for n in range(len(PIECES) - 4))], "<f4")
    text = b"".join(pieces)
    head = struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, len(text))
    return head + offsets.tobytes() + scores.tobytes() + text + struct.pack("<iI", 1, 5) + b"12345"
