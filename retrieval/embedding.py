"""The vectors of a new snapshot: taken over from the last one, read from the cache, and else computed, stage by stage.

Stage 0 knows only the vectors that were taken over; stage n also those of the encoder's first n parts. Knows nothing
of how a snapshot is written or published.
"""

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np

from retrieval.archive import embedding_key
from retrieval.chunking import Chunk
from retrieval.embedding_cache import EmbeddingCache
from retrieval.encoders.base import Encoder, Vectors
from retrieval.ingest import Progress
from retrieval.snapshots import Snapshot

STRAIGHT_UP_TO = 64
"""New chunks that are embedded within seconds on any machine, so that no poorer stage is published for them."""
_BATCH = 32
"""Chunks embedded between two reports of progress."""


class Embedding:
    """vectors: (len(chunks), dimension), zeros where nothing is known yet. new: how many chunks were not taken over."""

    def __init__(
        self, chunks: Sequence[Chunk], encoder: Encoder, previous: Snapshot | None, cache: EmbeddingCache
    ) -> None:
        """previous: whose vectors are taken over, if the same encoder made them."""
        self._encoder = encoder
        self._cache = cache
        self.vectors = np.zeros((len(chunks), encoder.dimension), np.float32)
        keys = [embedding_key(chunk) for chunk in chunks]
        unknown = self._take_over(keys, previous)
        self._texts = {keys[row]: chunks[row].embedded for row in unknown}
        places = {key: place for place, key in enumerate(self._texts)}
        self._rows = np.array(unknown, np.int64)
        self._places = np.array([places[keys[row]] for row in unknown], np.int64)
        self.new = len(unknown)

    @property
    def last_stage(self) -> int:
        return len(self._encoder.parts)

    def stages(self, progress: Progress) -> Iterator[int]:
        """Computes; yields the number of a stage when `vectors` are to be published as that stage."""
        poorer = self.new > STRAIGHT_UP_TO
        if poorer:
            yield 0
        found: list[Vectors] = []
        for stage, part in enumerate(self._encoder.parts, 1):
            if self.new:
                found.append(self._encode(part, "embed" if stage == 1 else f"embed {stage}", progress))
                self.vectors[self._rows] = self._encoder.join(found)[self._places]
            if poorer or stage == self.last_stage:
                yield stage

    def _take_over(self, keys: Sequence[str], previous: Snapshot | None) -> list[int]:
        """Fills in what the last snapshot knows; returns the rows of all else."""
        if previous is None or not previous.index.vectors.rows:
            return list(range(len(keys)))
        if previous.manifest.encoder != self._encoder.fingerprint:
            return list(range(len(keys)))
        known = previous.archive.keys()
        rows = [row for row, key in enumerate(keys) if key in known]
        if rows:
            self.vectors[rows] = previous.index.vectors.at([known[keys[row]] for row in rows])
        unknown = set(range(len(keys))).difference(rows)
        if not previous.manifest.complete:
            unknown.update(row for row in rows if not self._is_whole(self.vectors[row]))
        self.vectors[list(unknown)] = 0
        return sorted(unknown)

    def _is_whole(self, vector: Vectors) -> bool:
        """Whether the last part of the encoder is in it."""
        return bool(vector[-self._encoder.parts[-1].dimension :].any())

    def _encode(self, part: Encoder, stage: str, progress: Progress) -> Vectors:
        """The vectors of all texts that are new, by one part of the encoder."""
        keys, texts = list(self._texts), list(self._texts.values())
        vectors = np.zeros((len(keys), part.dimension), np.float32)
        unknown = self._cache.fill(part.fingerprint, keys, vectors)
        done = len(keys) - len(unknown)
        for rows in _batches(unknown, texts):
            vectors[rows] = part.encode([texts[row] for row in rows])
            self._cache.add(part.fingerprint, [keys[row] for row in rows], vectors[rows])
            done += len(rows)
            progress(stage, done, len(keys))
        return vectors


def _batches(rows: Sequence[int], texts: Sequence[str]) -> list[list[int]]:
    """Rows with texts of much the same length, so that little is padded; shuffled, so that the time left can be told
    from the time that passed."""
    by_length = sorted(rows, key=lambda row: len(texts[row]))
    batches = [by_length[start : start + _BATCH] for start in range(0, len(by_length), _BATCH)]
    Random(0).shuffle(batches)
    return batches
