"""Near-duplicates: MinHash over the shingles of a text, looked up in bands.

Broder, "On the Resemblance and Containment of Documents", 1997; banding after Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", chapter 3. Texts with different numbers are never duplicates: 30 days are not 60 days.
Knows no examples.
"""

import re
import unicodedata
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dialogue.words import numbers

SHINGLE = 4
"""Characters."""
BANDS, ROWS = 10, 6
"""Of two texts that share 85 % of their shingles, 99.1 % are found; of those that share half, 15 %."""
SIMILAR = 0.8
"""Share of the signature that two texts must have in common, the estimate of their Jaccard similarity."""

GAPS = re.compile(r"[\W_]+")
MARKER = re.compile(r"\[\d+\]")

_draw = np.random.Generator(np.random.PCG64(7))
_FACTORS = _draw.integers(1, 2**63, BANDS * ROWS, dtype=np.uint64) | np.uint64(1)
_TERMS = _draw.integers(0, 2**63, BANDS * ROWS, dtype=np.uint64)

Signature = NDArray[np.uint32]


class Duplicates:
    """Remembers texts under names of their own; about 2 KB each."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._signatures: list[Signature] = []
        self._bands: dict[int, int] = {}

    def first_like(self, name: str, text: str, exactly: str = "") -> str:
        """The name of the first text that `text` nearly repeats, which is `name` itself if there is none.

        Only texts that came with the same `exactly` are compared.
        """
        plain = normalised(text)
        found = signature(plain)
        same = crc32("\n".join([exactly, *sorted(numbers(plain))]).encode("utf-8", "surrogatepass"))
        keys = [hash((band, same, found[band * ROWS : (band + 1) * ROWS].tobytes())) for band in range(BANDS)]
        for key in keys:
            known = self._bands.get(key)
            if known is not None and np.mean(self._signatures[known] == found) >= SIMILAR:
                return self._names[known]
        for key in keys:
            self._bands.setdefault(key, len(self._names))
        self._names.append(name)
        self._signatures.append(found)
        return name


def normalised(text: str) -> str:
    """Without case, punctuation and citations."""
    plain = unicodedata.normalize("NFKC", MARKER.sub(" ", text)).lower()
    return GAPS.sub(" ", plain).strip()


def signature(text: str) -> Signature:
    """MinHash of the text's shingles; 32 bits a hash."""
    shingles = {text[i : i + SHINGLE] for i in range(max(1, len(text) - SHINGLE + 1))}
    hashes = np.array([crc32(s.encode("utf-8", "surrogatepass")) for s in shingles], dtype=np.uint64)
    mixed = _FACTORS[:, None] * hashes[None, :] + _TERMS[:, None]
    lowest: Signature = (mixed >> np.uint64(32)).min(axis=1).astype(np.uint32)
    return lowest
