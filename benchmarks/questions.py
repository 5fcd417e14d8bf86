"""Questions with what a search finds for them, and whether what is shown of it holds the fact that they ask for."""

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
from langchain_core.documents import Document

from dialogue.conversation import Passage
from dialogue.standalone import is_specific
from retrieval.collection import Collection
from retrieval.encoders.loading import Encoder
from retrieval.keywords import KeywordIndex
from retrieval.retriever import Retriever

CANDIDATES = 100
"""What a reader chooses from."""


@dataclass(frozen=True, slots=True)
class Question:
    """documents: what is found for it, best first. answerable: whether anything in the collection answers.

    facts: expressions, one of which matches what answers. sources: of the answer, where they are known. quotes: what
    has to be shown, all of it. seconds: that the search took.
    """

    collection: str
    kind: str
    query: str
    documents: Sequence[Document]
    facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    answerable: bool = True
    seconds: float = 0.0

    def answered_by(self, passages: Iterable[Passage]) -> bool:
        shown = "\n".join(f"{each.title}\n{each.text}" for each in passages if self._may_answer(each))
        if self.quotes:
            return all(_one_line(quote) in _one_line(shown) for quote in self.quotes)
        return any(re.search(fact, shown, re.IGNORECASE) for fact in self.facts)

    def _may_answer(self, passage: Passage) -> bool:
        """Whether it is of one of the sources, or of a part of one, as a file in an archive is."""
        name = passage.source
        return not self.sources or any(
            name.startswith(source) and not name[len(source) :][:1].isalnum() for source in self.sources
        )


def about_documents(
    folder: Path, indexes: Path, recordings: Path | None, encoder: Encoder
) -> Iterator[Question]:
    """Questions about collections of real documents, searched for as they were rewritten where that is recorded."""
    for path in sorted(folder.glob("questions-*.jsonl")):
        name = path.stem.removeprefix("questions-")
        retriever = Retriever(collection=Collection(indexes / name / "index", encoder), k=CANDIDATES)
        rewrites = _rewrites(recordings / f"{name}.jsonl") if recordings else {}
        for row in _lines(path):
            query = rewrites.get((row["dialogue"], row["ask"]), row["ask"])
            own = [row["ask"]] if is_specific(row["ask"]) else []
            started = perf_counter()
            found = retriever.invoke(query, variants=own)
            yield Question(
                name,
                row["kind"],
                query,
                found,
                facts=tuple(row["any"]),
                sources=tuple(row["source"].split("|")),
                answerable=not row["abstain"],
                seconds=perf_counter() - started,
            )


def of_dialogues(turns: Path, chunks: Path) -> Iterator[Question]:
    """Turns of dialogues whose evidence is quoted, or that nothing answers, by language; searched for by keywords."""
    documents = list({row["id"]: _document(row) for row in _lines(chunks)}.values())
    with TemporaryDirectory() as folder:
        index = KeywordIndex.write(Path(folder) / "keywords", map(_text, documents))
        for dialogue in _lines(turns):
            for turn in filter(_is_measured, dialogue["turns"]):
                scores = index.scores(turn["rewrite"], len(documents))
                best = np.argsort(-scores, kind="stable")[:CANDIDATES]
                yield Question(
                    dialogue["language"],
                    turn["kind"],
                    turn["rewrite"],
                    [documents[row] for row in best],
                    quotes=tuple(one["quote"] for one in turn["evidence"]),
                    answerable=turn["answerable"],
                )


def _is_measured(turn: dict[str, Any]) -> bool:
    return turn["answerable"] is False or (turn["answerable"] is True and bool(turn["evidence"]))


def _rewrites(path: Path) -> dict[tuple[str, str], str]:
    return {(row["dialogue"], row["ask"]): row["rewrite"] for row in _lines(path)}


def _document(row: dict[str, Any]) -> Document:
    about = {"title": row["title"], "heading": row["heading"], "source": row["document"]}
    return Document(row["text"], metadata=about, id=row["id"])


def _text(document: Document) -> str:
    about = document.metadata
    return "\n".join([about["title"], about["heading"], document.page_content])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    yield from (json.loads(line) for line in text.split("\n") if line.strip())
