"""In which order lessons are read: those of one batch are of like length, those of one step of all kinds.

Grouping by length alone spares padding, but gives whole steps to the short lessons of one task and whole steps to the
long ones of the other. Knows lengths, not lessons.
"""

import random
from collections.abc import Iterator, Sequence

from torch.utils.data import Sampler

WINDOW = 32
"""Batches that are drawn together, so that enough lessons of like length are among them."""


class MixedLengths(Sampler[int]):
    """Indices in batches of like length, the batches in a drawn order; the same seed and epoch give the same order."""

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths = lengths
        self._batch = batch
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        draw = random.Random(f"{self._seed} {self._epoch}")
        order = draw.sample(range(len(self)), len(self))
        for window in _pieces(order, WINDOW * self._batch):
            batches = list(_pieces(sorted(window, key=self._lengths.__getitem__), self._batch))
            last = [batches.pop()] if len(batches[-1]) < self._batch else []
            for batch in draw.sample(batches, len(batches)) + last:
                yield from batch


def _pieces(indices: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (indices[start : start + size] for start in range(0, len(indices), size))
