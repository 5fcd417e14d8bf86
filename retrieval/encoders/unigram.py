"""A unigram tokenizer (Kudo, ACL 2018) over given pieces, run by sentencepiece, which keeps 250,000 of them in 40 MB.

sentencepiece reads models as protocol buffers; this writes the few fields that it needs of `sentencepiece_model.proto`.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from sentencepiece import SentencePieceProcessor

NORMAL, UNKNOWN, CONTROL = 1, 2, 3
"""Types of pieces."""
UNIGRAM = 1


@dataclass(frozen=True, slots=True)
class Special:
    """Ids of the pieces that stand for no text."""

    begin: int
    end: int
    padding: int
    unknown: int


class UnigramTokenizer:
    """pieces: UTF-8, with U+2581 for a space. longest: most tokens of a text, begin and end included."""

    def __init__(
        self, pieces: Sequence[bytes], scores: Sequence[float], special: Special, longest: int
    ) -> None:
        """Raises RuntimeError where sentencepiece refuses the pieces."""
        self._special = special
        self._longest = longest
        self._processor = SentencePieceProcessor()
        self._processor.LoadFromSerializedProto(_model(pieces, scores, special))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids from begin to end, longer texts being cut. Characters are brought to NFKC, white space to one space."""
        found = self._processor.encode([_normalized(text) for text in texts])
        return [[self._special.begin, *ids[: self._longest - 2], self._special.end] for ids in found]


def _normalized(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _model(pieces: Sequence[bytes], scores: Sequence[float], special: Special) -> bytes:
    parts = [*_pieces(pieces, scores, special), _field(2, _trainer(special)), _field(3, _normalizer())]
    return b"".join(parts)


def _pieces(pieces: Sequence[bytes], scores: Sequence[float], special: Special) -> Iterator[bytes]:
    kinds = {special.unknown: UNKNOWN, special.begin: CONTROL, special.end: CONTROL, special.padding: CONTROL}
    types = {kind: _number(3, kind) for kind in (NORMAL, UNKNOWN, CONTROL)}
    values, score = np.asarray(scores, "<f4").tobytes(), _key(2, 5)
    for id, piece in enumerate(pieces):
        number = score + values[4 * id : 4 * id + 4]
        yield _field(1, _field(1, piece) + number + types[kinds.get(id, NORMAL)])


def _trainer(special: Special) -> bytes:
    ids = zip(range(40, 44), (special.unknown, special.begin, special.end, special.padding), strict=True)
    return _number(3, UNIGRAM) + b"".join(_number(field, id) for field, id in ids)


def _normalizer() -> bytes:
    """Nothing but a space before the text, and U+2581 in place of spaces."""
    return _field(1, b"identity") + b"".join(_number(field, 1) for field in (3, 4, 5))


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _field(field: int, content: bytes) -> bytes:
    return _key(field, 2) + _varint(len(content)) + content


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


@cache
def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])
