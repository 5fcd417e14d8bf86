"""Whether the fact that a question asks for is in the prompt: whole chunks against the best sentences of more of them.

    python -m benchmarks.evidence questions ../shared/real INDEXES [--recordings FOLDER] [--json FILE]
    python -m benchmarks.evidence dialogues ../shared/data/support/dev.jsonl.gz ../shared/data/support/chunks.jsonl.gz

The first folder holds `questions-NAME.jsonl` (`dialogue`, `ask`, `any`, `abstain`), as `shared/real` does;
`INDEXES/NAME` is the DATA_DIR of an ingest of that collection. A fact is in the prompt where one of `any` matches it.
Recordings (`NAME.jsonl` of `benchmarks.same_answers`) give follow-ups as they were rewritten; without them every
question is searched as it was asked. Tokens are estimated, titles included; milliseconds are those of the choice of
sentences, for documents that were not read before and for those that were.

Dialogues (`turns` with `rewrite`, `answerable`, `evidence`) name the quotes that are the evidence: all of them have to
be in the prompt, whole. Their chunks are searched by keywords alone.
"""

import gzip
import json
import platform
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, Any

import numpy as np
import typer
from langchain_core.documents import Document
from rich.console import Console
from rich.table import Table

from benchmarks.weights import encoder_called
from bot.settings import Settings
from dialogue.conversation import Passage
from dialogue.grounding import GroundingOptions, select_passages
from dialogue.standalone import is_specific
from retrieval.chunking import estimate_tokens
from retrieval.collection import Collection
from retrieval.encoders.loading import Encoder
from retrieval.evidence import EvidenceSentences
from retrieval.keywords import KeywordIndex
from retrieval.retriever import Retriever

BUDGETS = (160, 240, 320, 400)
WHOLE, SENTENCES = "whole chunks", "sentences"

app = typer.Typer(no_args_is_help=True)
console = Console(highlight=False, width=140)


@dataclass(frozen=True, slots=True)
class Question:
    """documents: what is found for it, best first."""

    collection: str
    query: str
    documents: Sequence[Document]
    facts: tuple[str, ...] = ()
    """Expressions, one of which matches what answers."""
    quotes: tuple[str, ...] = ()
    """What has to be shown, all of it."""

    def answered_by(self, passages: Sequence[Passage]) -> bool:
        shown = "\n".join(f"{passage.title}\n{passage.text}" for passage in passages)
        if self.quotes:
            return all(_one_line(quote) in _one_line(shown) for quote in self.quotes)
        return any(re.search(fact, shown, re.IGNORECASE) for fact in self.facts)


@dataclass(slots=True)
class Tally:
    """What one way of filling the prompt showed."""

    shown: list[bool] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    passages: list[int] = field(default_factory=list)

    def add(self, question: Question, passages: Sequence[Passage]) -> None:
        self.shown.append(question.answered_by(passages))
        self.tokens.append(sum(estimate_tokens(f"{p.title} {p.text}") for p in passages))
        self.passages.append(len(passages))


@app.command()
def questions(
    folder: Path,
    indexes: Path,
    recordings: Path | None = None,
    encoder: str = Settings.model_fields["encoder"].default,
    by_cosine: Annotated[bool, typer.Option(help="Choose sentences by the encoder too.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json")] = None,
) -> None:
    """Questions about real documents, by collection."""
    loaded = encoder_called(encoder)
    asked = list(_questions(folder, indexes, recordings, loaded))
    _report(asked, loaded if by_cosine else None, json_file)


@app.command()
def dialogues(
    turns: Path, chunks: Path, json_file: Annotated[Path | None, typer.Option("--json")] = None
) -> None:
    """Turns of dialogues whose evidence is quoted, by language."""
    _report(list(_of_dialogues(turns, chunks)), None, json_file)


def _report(asked: Sequence[Question], encoder: Encoder | None, json_file: Path | None) -> None:
    """Measure, and print a table."""
    tallies, times = _measure(asked, encoder)
    console.print(f"{len(asked)} answerable questions, {platform.processor() or platform.machine()}")
    console.print(_table(tallies, sorted({question.collection for question in asked})))
    for state, seconds in times.items():
        worst = sorted(seconds)[int(0.95 * (len(seconds) - 1))]
        console.print(f"choice of sentences, {state}: median {median(seconds):.0f} ms, 95 % {worst:.0f} ms")
    if json_file:
        json_file.write_text(json.dumps(list(_rows(tallies)), indent=1), "utf-8")


def _questions(folder: Path, indexes: Path, recordings: Path | None, encoder: Encoder) -> Iterator[Question]:
    for path in sorted(folder.glob("questions-*.jsonl")):
        name = path.stem.removeprefix("questions-")
        retriever = Retriever(collection=Collection(indexes / name / "index", encoder), k=20)
        rewrites = _rewrites(recordings / f"{name}.jsonl") if recordings else {}
        for row in filter(lambda row: not row["abstain"], _lines(path)):
            query = rewrites.get((row["dialogue"], row["ask"]), row["ask"])
            own = [row["ask"]] if is_specific(row["ask"]) else []
            yield Question(name, query, retriever.invoke(query, variants=own), facts=tuple(row["any"]))


def _rewrites(path: Path) -> dict[tuple[str, str], str]:
    return {(row["dialogue"], row["ask"]): row["rewrite"] for row in _lines(path)}


def _of_dialogues(turns: Path, chunks: Path) -> Iterator[Question]:
    documents = list({row["id"]: _document(row) for row in _lines(chunks)}.values())
    with TemporaryDirectory() as folder:
        place = Path(folder) / "keywords"
        index = KeywordIndex.write(place, (_text(document) for document in documents))
        for dialogue in _lines(turns):
            for turn in filter(
                lambda turn: turn["answerable"] is True and turn["evidence"], dialogue["turns"]
            ):
                best = np.argsort(-index.scores(turn["rewrite"], len(documents)), kind="stable")[:20]
                quotes = tuple(one["quote"] for one in turn["evidence"])
                found = [documents[row] for row in best]
                yield Question(dialogue["language"], turn["rewrite"], found, quotes=quotes)


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


Tallies = dict[tuple[int, str, str], Tally]
"""By budget, way, and collection."""


def _measure(asked: Sequence[Question], encoder: Encoder | None) -> tuple[Tallies, dict[str, list[float]]]:
    tallies: Tallies = defaultdict(Tally)
    times: dict[str, list[float]] = {"documents not read before": [], "documents read before": []}
    for question in asked:
        reader = _reader(BUDGETS[0], encoder)
        for seconds in times.values():
            started = perf_counter()
            reader.compress_documents(question.documents, question.query)
            seconds.append(1000 * (perf_counter() - started))
        for budget in BUDGETS:
            reader = reader.model_copy(update={"budget": budget})
            whole = select_passages(question.documents[:6], GroundingOptions(budget))
            chosen = reader.compress_documents(question.documents, question.query)
            sentences = select_passages(chosen, GroundingOptions(budget))
            for way, passages in ((WHOLE, whole), (SENTENCES, sentences)):
                tallies[budget, way, question.collection].add(question, passages)
    return tallies, times


def _reader(budget: int, encoder: Encoder | None) -> EvidenceSentences:
    return EvidenceSentences(budget=budget, encoder=encoder, least_score=GroundingOptions().least_score)


def _table(tallies: Tallies, collections: Sequence[str]) -> Table:
    table = Table("budget", "", *collections, "all", "tokens", "passages", box=None)
    for budget in BUDGETS:
        for way in (WHOLE, SENTENCES):
            of = [tallies[budget, way, name] for name in collections]
            shown = [f"{sum(one.shown)}/{len(one.shown)}" for one in of]
            every = [value for one in of for value in one.shown]
            tokens = fmean(value for one in of for value in one.tokens)
            passages = fmean(value for one in of for value in one.passages)
            table.add_row(
                str(budget), way, *shown, f"{sum(every)}/{len(every)}", f"{tokens:.0f}", f"{passages:.1f}"
            )
    return table


def _rows(tallies: Tallies) -> Iterator[dict[str, Any]]:
    for (budget, way, collection), tally in tallies.items():
        yield {
            "budget": budget,
            "way": way,
            "collection": collection,
            "questions": len(tally.shown),
            "shown": sum(tally.shown),
            "tokens": fmean(tally.tokens),
        }


if __name__ == "__main__":
    app()
