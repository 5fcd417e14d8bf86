"""How long chunks should be: whether the fact that a question asks for is among the first chunks, and in the prompt.

    python -m benchmarks.chunk_length WORK [FOLDER] [--only NAME] [--others N]

`FOLDER` holds `questions-NAME.jsonl` (`ask`, `any`, `source`, `abstain`) and the documents in `NAME/`, as `shared/real`
does. The sources of the answers and N other files of each collection are copied into `WORK`, where indexes and vectors
are kept for the next run. Questions are searched as they were asked; a prompt takes whole chunks, best first, while
they fit. `section` is small-to-large: the shortest chunks are searched, and each brings what stands around it under its
heading, up to the longest chunk's length.
"""

import argparse
import asyncio
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from rich.console import Console
from rich.table import Table

from benchmarks.reading import FOLDER, questions
from benchmarks.weights import encoder_called
from bot.settings import load_settings
from retrieval.chunking import Chunk, Chunking, estimate_tokens
from retrieval.collection import Collection
from retrieval.retriever import Retriever

LENGTHS = (120, 160, 240, 320)
FIRST = (1, 5, 20)
PROMPTS = (240, 400)


def sample(folder: Path, name: str, target: Path, others: int) -> list[dict[str, Any]]:
    """Copies the sources of the questions and some other files, and returns the questions."""
    asked = questions(folder / f"questions-{name}.jsonl")
    sources = {source.partition("#")[0] for question in asked for source in question["source"].split("|")}
    files = sorted(
        path for path in (folder / name).rglob("*") if path.is_file() and path.stat().st_size < 200_000
    )
    rest = [path for path in files if str(path.relative_to(folder / name)) not in sources]
    chosen = [folder / name / source for source in sources] + rest[:: max(1, len(rest) // max(1, others))]
    for path in filter(Path.is_file, chosen):
        copy = target / path.relative_to(folder / name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return asked


def widened(collection: Collection, found: Sequence[Document], room: int) -> Iterator[str]:
    """Each hit with its neighbours under its heading while there is room, without what an earlier hit brought."""
    snapshot = collection.latest()
    assert snapshot is not None
    seen: set[str] = set()
    for document in found:
        source = document.metadata["source"]
        beside = [
            chunk for chunk in _chunks(collection, source) if chunk.heading == document.metadata["heading"]
        ]
        at = next(n for n, chunk in enumerate(beside) if chunk.id == document.metadata["chunk"])
        taken = _around(beside, at, room)
        text = "\n".join(chunk.text for chunk in taken if chunk.id not in seen)
        seen.update(chunk.id for chunk in taken)
        if text:
            yield text


def _around(chunks: Sequence[Chunk], at: int, room: int) -> Sequence[Chunk]:
    """The chunk in the middle, and what follows and precedes it as far as there is room."""
    first, last, spent = at, at + 1, estimate_tokens(chunks[at].text)
    for forward in (True, False):
        while (last < len(chunks)) if forward else first:
            cost = estimate_tokens(chunks[last if forward else first - 1].text)
            if spent + cost > room:
                break
            first, last, spent = (
                (first, last + 1, spent + cost) if forward else (first - 1, last, spent + cost)
            )
    return chunks[first:last]


_BY_SOURCE: dict[tuple[Path, str], list[Chunk]] = {}


def _chunks(collection: Collection, source: str) -> list[Chunk]:
    snapshot = collection.latest()
    assert snapshot is not None
    key = (collection.folder, source)
    if key not in _BY_SOURCE:
        file = source.partition("#")[0]
        _BY_SOURCE[key] = [c for c in snapshot.archive.entry(file).chunks if c.source == source]
    return _BY_SOURCE[key]


def prompt(texts: Sequence[str], room: int) -> str:
    """Whole texts, best first, while they fit."""
    chosen: list[str] = []
    for text in texts:
        room -= estimate_tokens(text)
        if room < 0 and chosen:
            break
        chosen.append(text)
    return "\n".join(chosen)


def holds(question: dict[str, Any], texts: Sequence[str]) -> bool:
    return any(re.search(pattern, text, re.IGNORECASE) for text in texts for pattern in question["any"])


def measured(asked: Sequence[dict[str, Any]], texts: Sequence[Sequence[str]]) -> list[int]:
    """How many questions have their fact among the first texts, and in a prompt of so many tokens."""
    first = [sum(holds(q, found[:k]) for q, found in zip(asked, texts, strict=True)) for k in FIRST]
    return first + [
        sum(holds(q, [prompt(found, room)]) for q, found in zip(asked, texts, strict=True))
        for room in PROMPTS
    ]


def search(collection: Collection, asked: Sequence[dict[str, Any]]) -> list[list[Document]]:
    retriever = Retriever(collection=collection, k=max(FIRST))
    return [asyncio.run(retriever.ainvoke(question["ask"])) for question in asked]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--only", action="append", help="a collection; all of them without it")
    parser.add_argument("--others", type=int, default=40, help="files beside the sources of the answers")
    given = parser.parse_args()
    encoder = encoder_called(load_settings().encoder)
    table = Table(
        "collection",
        "chunks of",
        "number",
        "questions",
        *(f"first {k}" for k in FIRST),
        *(f"{n} tokens" for n in PROMPTS),
    )
    for path in sorted(given.folder.glob("questions-*.jsonl")):
        name = path.stem.removeprefix("questions-")
        if given.only and name not in given.only:
            continue
        asked = sample(given.folder, name, given.work / name / "documents", given.others)
        for length in LENGTHS:
            collection = Collection(given.work / name / f"index-{length}", encoder, Chunking(length))
            report = collection.ingest(given.work / name / "documents")
            found = search(collection, asked)
            whole = [[document.page_content for document in one] for one in found]
            table.add_row(
                name, str(length), str(report.chunks), str(len(asked)), *map(str, measured(asked, whole))
            )
            if length == LENGTHS[1]:
                large = [list(widened(collection, one, LENGTHS[-1])) for one in found]
                table.add_row(name, f"{length}, section", "", "", *map(str, measured(asked, large)))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
