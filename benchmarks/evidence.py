"""Whether the fact that a question asks for is found, and whether it is in the prompt.

    python -m benchmarks.evidence questions ../shared/real INDEXES [--recordings FOLDER] [--json FILE]
    python -m benchmarks.evidence dialogues ../shared/data/support/dev.jsonl.gz ../shared/data/support/chunks.jsonl.gz

The first folder holds `questions-NAME.jsonl` (`dialogue`, `ask`, `kind`, `any`, `source`, `abstain`), as `shared/real`
does; `INDEXES/NAME` is the DATA_DIR of an ingest of that collection. A fact is shown where one of `any` matches what
is taken from its source: by the first 1, 5 or 20 chunks, or by a prompt of so many tokens, which holds whole chunks or
the best sentences of more of them. Recordings (`NAME.jsonl` of `benchmarks.same_answers`) give follow-ups as they were
rewritten; without them every question is searched as it was asked. Tokens are estimated, titles included; milliseconds
are those of the choice of sentences, for documents that were not read before and for those that were.

Dialogues (`turns` with `rewrite`, `answerable`, `evidence`) name the quotes that are the evidence: all of them have to
be in the prompt, whole. Their chunks are searched by keywords alone.
"""

import gzip
import json
import platform
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, Any, Literal

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

BUDGETS = (240, 400, 640)
FIRST = (1, 5, 20)
WHOLE, SENTENCES = "whole chunks", "sentences"

app = typer.Typer(no_args_is_help=True)
console = Console(highlight=False, width=170)


@dataclass(frozen=True, slots=True)
class Question:
    """documents: what is found for it, best first. sources: of the answer, where they are known."""

    collection: str
    kind: str
    query: str
    documents: Sequence[Document]
    facts: tuple[str, ...] = ()
    """Expressions, one of which matches what answers."""
    sources: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    """What has to be shown, all of it."""

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


@dataclass(frozen=True, slots=True)
class Shown:
    """What one way of filling a prompt showed for a question."""

    question: Question
    answered: bool
    tokens: int
    passages: int

    @classmethod
    def by(cls, question: Question, passages: Sequence[Passage]) -> "Shown":
        tokens = sum(estimate_tokens(f"{passage.title} {passage.text}") for passage in passages)
        return cls(question, question.answered_by(passages), tokens, len(passages))


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
    """Measure, and print a table by collection and one by kind."""
    results, times = _measure(asked, encoder)
    console.print(f"{len(asked)} answerable questions, {platform.processor() or platform.machine()}")
    console.print(_table(results, "collection"))
    console.print(_table(results, "kind"))
    for state, seconds in times.items():
        worst = sorted(seconds)[int(0.95 * (len(seconds) - 1))]
        console.print(f"choice of sentences, {state}: median {median(seconds):.0f} ms, 95 % {worst:.0f} ms")
    if json_file:
        json_file.write_text(json.dumps(list(_rows(results)), indent=1), "utf-8")


def _questions(folder: Path, indexes: Path, recordings: Path | None, encoder: Encoder) -> Iterator[Question]:
    for path in sorted(folder.glob("questions-*.jsonl")):
        name = path.stem.removeprefix("questions-")
        retriever = Retriever(collection=Collection(indexes / name / "index", encoder), k=20)
        rewrites = _rewrites(recordings / f"{name}.jsonl") if recordings else {}
        for row in filter(lambda row: not row["abstain"], _lines(path)):
            query = rewrites.get((row["dialogue"], row["ask"]), row["ask"])
            own = [row["ask"]] if is_specific(row["ask"]) else []
            found = retriever.invoke(query, variants=own)
            sources = tuple(row["source"].split("|"))
            yield Question(name, row["kind"], query, found, tuple(row["any"]), sources)


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
                yield Question(dialogue["language"], turn["kind"], turn["rewrite"], found, quotes=quotes)


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


Results = dict[str, list[Shown]]
"""By the way of filling the prompt, in the order of the table."""


def _measure(asked: Sequence[Question], encoder: Encoder | None) -> tuple[Results, dict[str, list[float]]]:
    results: Results = defaultdict(list)
    times: dict[str, list[float]] = {"documents not read before": [], "documents read before": []}
    for question in asked:
        reader = _reader(BUDGETS[0], encoder)
        for seconds in times.values():
            started = perf_counter()
            reader.compress_documents(question.documents, question.query)
            seconds.append(1000 * (perf_counter() - started))
        for way, passages in _prompts(question, reader):
            results[way].append(Shown.by(question, passages))
    return results, times


def _prompts(question: Question, reader: EvidenceSentences) -> Iterator[tuple[str, Sequence[Passage]]]:
    for count in FIRST:
        yield f"first {count}", select_passages(question.documents[:count], GroundingOptions(10**6, -1.0))
    for budget in BUDGETS:
        options = GroundingOptions(budget)
        yield f"{budget} {WHOLE}", select_passages(question.documents[:6], options)
        reader = reader.model_copy(update={"budget": budget})
        chosen = reader.compress_documents(question.documents, question.query)
        yield f"{budget} {SENTENCES}", select_passages(chosen, options)


def _reader(budget: int, encoder: Encoder | None) -> EvidenceSentences:
    return EvidenceSentences(budget=budget, encoder=encoder, least_score=GroundingOptions().least_score)


def _table(results: Results, by: Literal["collection", "kind"]) -> Table:
    groups = sorted({getattr(one.question, by) for shown in results.values() for one in shown})
    table = Table("", *groups, "all", "tokens", "passages", box=None)
    for way, shown in results.items():
        of = [[one for one in shown if getattr(one.question, by) == group] for group in groups]
        counts = [f"{sum(one.answered for one in part)}/{len(part)}" for part in (*of, shown)]
        tokens, passages = fmean(one.tokens for one in shown), fmean(one.passages for one in shown)
        table.add_row(way, *counts, f"{tokens:.0f}", f"{passages:.1f}")
    return table


def _rows(results: Results) -> Iterator[dict[str, Any]]:
    for way, shown in results.items():
        for one in shown:
            about = {name: getattr(one.question, name) for name in ("collection", "kind", "query")}
            yield about | {"way": way, "answered": one.answered, "tokens": one.tokens}


if __name__ == "__main__":
    app()
