"""A collection of 20,000 chunks: speed of ingesting, size on disk and in memory, speed of searching.

    python -m benchmarks.retrieval_scale [--chunks N] [--encoder NAME] [--data FOLDER...]

The documents are the passages of folders in BEIR format, one per file; without such folders, numbered copies of the
sample handbook. At the end a tenth of them is changed and ingested again while questions are being asked.
"""

import argparse
import resource
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle, islice
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from langchain_core.documents import Document
from rich.console import Console
from rich.table import Table

from benchmarks.weights import encoder_called
from bot.settings import PACKAGE, load_settings
from finetune.datasets.search_set import read_search_set
from retrieval.chunking import Chunking
from retrieval.collection import Collection
from retrieval.loaders.markdown import load_markdown
from retrieval.retriever import Retriever

DATA = [Path("../shared/data/retrieval/mtrag_clapnq"), Path("../shared/data/retrieval/mtrag_cloud")]
CHANGE = "Changed today."


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts for documents, and questions about them."""

    texts: Iterator[str]
    questions: Sequence[str]


def corpus_from(folders: Sequence[Path]) -> Corpus:
    sets = [read_search_set(folder) for folder in folders if folder.is_dir()]
    if sets:
        passages = (f"# {p.title or p.id}\n\n{p.text}\n" for one in sets for p in one.corpus)
        return Corpus(passages, [question.question for one in sets for question in one.questions])
    pages = [path.read_text("utf-8") for path in sorted((PACKAGE / "handbook").rglob("*.md"))]
    return Corpus(
        (f"{page}\n\nEdition {number}.\n" for number, page in zip(count(), cycle(pages), strict=False)),
        [line.lstrip("# ") for page in pages for line in page.splitlines() if line.startswith("## ")],
    )


def write_documents(folder: Path, texts: Iterator[str], chunks: int) -> list[Path]:
    """Write documents until they make `chunks` chunks."""
    paths: list[Path] = []
    while chunks > 0:
        path = folder / f"{len(paths):05}.md"
        path.write_text(next(texts), "utf-8")
        chunks -= sum(1 for d in load_markdown(path.read_bytes(), path.name) for _ in Chunking().chunks(d))
        paths.append(path)
    return paths


def timed(ask: Callable[[str], list[Document]], questions: Sequence[str]) -> list[float]:
    """Milliseconds per question."""
    durations = []
    for question in questions:
        started = perf_counter()
        ask(question)
        durations.append(1000 * (perf_counter() - started))
    return durations


@dataclass(frozen=True, slots=True)
class ConcurrentSearches:
    """Searches during an ingest: milliseconds, the snapshots that answered, and how many answers mix snapshots."""

    durations: list[float]
    snapshots: set[str]
    mixed: int


def ask_during(
    work: Callable[[], object], retriever: Retriever, questions: Sequence[str]
) -> ConcurrentSearches:
    """Ask one question after the other while `work` runs in another thread."""
    worker = threading.Thread(target=work)
    durations: list[float] = []
    answers: list[list[Document]] = []
    worker.start()
    for question in cycle(questions):
        started = perf_counter()
        answers.append(retriever.invoke(question))
        durations.append(1000 * (perf_counter() - started))
        if not worker.is_alive():
            break
    worker.join()
    of_each = [{document.metadata["snapshot"] for document in answer} for answer in answers]
    return ConcurrentSearches(
        durations, set().union(*of_each), sum(len(snapshots) > 1 for snapshots in of_each)
    )


def percentiles(durations: Sequence[float]) -> str:
    return f"{median(durations):.1f} ms, {quantiles(durations, n=20)[-1]:.1f} ms"


def peak_memory() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"


def size(folder: Path) -> str:
    return f"{sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 2**20:,.0f} MB"


def measure(folder: Path, encoder: str, given: Corpus, chunks: int) -> Iterator[tuple[str, str]]:
    """The rows of the table, as they become known."""
    documents = folder / "documents"
    documents.mkdir()
    paths = write_documents(documents, given.texts, chunks)
    collection = Collection(folder / "collection", encoder_called(encoder))
    yield "memory before", peak_memory()
    started = perf_counter()
    report = collection.ingest(documents)
    took = perf_counter() - started
    yield "documents, chunks", f"{report.documents:,}, {report.chunks:,}"
    yield "ingest", f"{took:,.0f} s, {report.chunks / took:,.0f} chunks/s"
    yield "size on disk", size(folder / "collection")
    started = perf_counter()
    collection.ingest(documents)
    yield "ingest without a change", f"{perf_counter() - started:.1f} s"
    retriever = Retriever(collection=collection)
    questions = list(islice(cycle(given.questions), 300))
    timed(retriever.invoke, questions[:20])
    yield "search p50, p95", percentiles(timed(retriever.invoke, questions))
    for path in paths[::10]:
        path.write_text(f"{path.read_text('utf-8')}\n\n{CHANGE}\n", "utf-8")
    started = perf_counter()
    searches = ask_during(lambda: collection.ingest(documents), retriever, questions)
    yield "ingest with a tenth changed, during searches", f"{perf_counter() - started:.0f} s"
    yield (
        "searches meanwhile",
        f"{len(searches.durations)} questions, p50, p95 {percentiles(searches.durations)}",
    )
    yield "snapshots seen, results that mix two", f"{len(searches.snapshots)}, {searches.mixed}"
    yield "peak memory", peak_memory()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--encoder", default=load_settings().encoder)
    parser.add_argument("--data", type=Path, nargs="*", default=DATA)
    given = parser.parse_args()
    drawn = Table(
        "", "", title=f"A collection of {given.chunks:,} chunks, {given.encoder}", title_justify="left"
    )
    with tempfile.TemporaryDirectory() as folder:
        for line in measure(Path(folder), given.encoder, corpus_from(given.data), given.chunks):
            drawn.add_row(*line)
    Console().print(drawn)


if __name__ == "__main__":
    main()
