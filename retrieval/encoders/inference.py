"""Runs an OpenVINO graph of an encoder or a reader over many texts: batches of much the same length, several at
once.

Each batch runs on one thread: threads that share a batch spend much of their time waiting for each other.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import openvino
from numpy.typing import NDArray

from retrieval.encoders.base import Vectors

_BATCH_TOKENS = 1024
"""Tokens, padding included, in one run at most: larger batches fall out of the processor's cache (measured)."""
_SIZES = (16, 4, 1)
_TILE = 16
"""Texts in a batch, and what their length in tokens is a multiple of. OpenVINO prepares itself for every new shape,
which costs as much as the run, so there are to be few."""
_MOST_THREADS = 8

Ids = Sequence[int]
"""The tokens of a text."""
Inputs = Mapping[str, NDArray[np.generic]]
MakeInputs = Callable[[NDArray[np.int64], NDArray[np.int64]], Inputs]
"""From ids and mask, both (batch, length), to what the graph is given."""


class BatchedInference:
    """Safe to use from several threads.

    longest: most tokens of a text. padding: the id that fills up shorter ones. threads: by default one for each
    processor that this process may use, 8 at most. Raises RuntimeError where the graph cannot be compiled.
    """

    def __init__(
        self,
        graph: Path | openvino.Model,
        inputs: MakeInputs,
        longest: int,
        padding: int = 0,
        threads: int | None = None,
    ) -> None:
        threads = threads or min(_MOST_THREADS, available_processors())
        settings = {"NUM_STREAMS": threads, "INFERENCE_NUM_THREADS": threads, "ENABLE_CPU_PINNING": False}
        model = openvino.Core().compile_model(graph, "CPU", settings)
        self._inputs = inputs
        self._longest = longest
        self._padding = padding
        self._requests: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(threads):
            self._requests.put(model.create_infer_request())
        self._threads = ThreadPoolExecutor(threads, "encoder")
        self.dimension = int(model.output(0).partial_shape[-1].get_length())

    def run(self, texts: Sequence[Ids]) -> Vectors:
        """(len(texts), dimension), in their order, by a graph that gives one vector for a text."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for rows, batch in self.batches(texts):
            vectors[rows] = batch
        return vectors

    def batches(self, texts: Sequence[Ids]) -> Iterator[tuple[list[int], Vectors]]:
        """Numbers of texts, and what the graph gives for them; every text is in one batch."""
        batches = list(batches_of([len(ids) for ids in texts]))
        several = self._threads.map if len(batches) > 1 else map
        found = several(self._run, ([texts[row] for row in rows] for rows in batches))
        yield from zip(batches, found, strict=True)

    def _run(self, batch: Sequence[Ids]) -> Vectors:
        request = self._requests.get()
        try:
            length = padded(max(map(len, batch)))
            inputs = self._inputs(*arrays(batch, min(length, self._longest), self._padding))
            found: Vectors = request.infer(inputs)[0].copy()
            return found
        finally:
            self._requests.put(request)


def arrays(
    batch: Sequence[Ids], length: int, padding: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids and mask of a batch, each text padded to `length` tokens."""
    shape = len(batch), length
    ids, mask = np.full(shape, padding, np.int64), np.zeros(shape, np.int64)
    for row, text in enumerate(batch):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask


def available_processors() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def batches_of(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows whose padded lengths are equal, as many as one of _SIZES."""
    rows_by_length: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        rows_by_length.setdefault(padded(length), []).append(row)
    for length, rows in sorted(rows_by_length.items()):
        while rows:
            size = next(
                size for size in _SIZES if size == 1 or (size <= len(rows) and size * length <= _BATCH_TOKENS)
            )
            yield rows[:size]
            rows = rows[size:]


def padded(length: int) -> int:
    """A whole number of tiles."""
    return max(1, -(-length // _TILE)) * _TILE
