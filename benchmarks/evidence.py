"""Whether the fact that a question asks for is found, and whether it is in the prompt; with and without a reader.

    python -m benchmarks.evidence questions ../shared/real INDEXES [--recordings FOLDER] [--reader FILE] [--json FILE]
    python -m benchmarks.evidence dialogues ../shared/data/support/dev.jsonl.gz ../shared/data/support/chunks.jsonl.gz

The first folder holds `questions-NAME.jsonl` (`dialogue`, `ask`, `kind`, `any`, `source`, `abstain`), as `shared/real`
does; `INDEXES/NAME` is the DATA_DIR of an ingest of that collection. A fact is shown where one of `any` matches what
is taken from its source: by the first 1, 5 or 20 chunks, or by a prompt of so many tokens, which holds whole chunks or
the best sentences of more of them. Recordings (`NAME.jsonl` of `benchmarks.same_answers`) give follow-ups as they were
rewritten; without them every question is searched as it was asked. Tokens are estimated, titles included.

Dialogues (`turns` with `rewrite`, `answerable`, `evidence`) name the quotes that are the evidence: all of them have to
be in the prompt, whole. Their chunks are searched by keywords alone.

Of the questions that nothing answers, the area under the curve says how often an answerable one is given the higher
probability by the reader, or the higher relevance by the search.
"""

import json
import platform
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from typing import Annotated, Any, Literal

import typer
from langchain_core.documents import BaseDocumentCompressor, Document
from rich.console import Console
from rich.table import Table

from benchmarks.questions import Question, about_documents, of_dialogues
from benchmarks.weights import encoder_called, folder_called
from bot.settings import Settings
from dialogue.conversation import Passage
from dialogue.grounding import GroundingOptions, select_passages
from retrieval.chunking import estimate_tokens
from retrieval.encoders.names import E5
from retrieval.encoders.packed_bert import PackedBert, open_bert
from retrieval.evidence import EvidenceSentences
from retrieval.pruning import relevance
from retrieval.reader.cross_encoder import CrossEncoder, Reading
from retrieval.reader.input import ReaderPassage
from retrieval.reader.reader import Reader

BUDGETS = (240, 400, 640)
FIRST = (1, 5, 20)
WHOLE = 6
"""Chunks of which whole ones are shown."""
LEAST = GroundingOptions().least_score

ReaderFile = Annotated[Path | None, typer.Option("--reader", help="A trained reader, to compare with.")]
JsonFile = Annotated[Path | None, typer.Option("--json")]

app = typer.Typer(no_args_is_help=True)
console = Console(highlight=False, width=170)


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


Results = dict[str, list[Shown]]
"""By the way of filling the prompt, in the order of the table."""


@app.command()
def questions(
    folder: Path,
    indexes: Path,
    recordings: Path | None = None,
    encoder: str = Settings.model_fields["encoder"].default,
    by_cosine: Annotated[bool, typer.Option(help="Choose sentences by the encoder too.")] = False,
    reader: ReaderFile = None,
    json_file: JsonFile = None,
) -> None:
    """Questions about real documents, by collection."""
    loaded = encoder_called(encoder)
    asked = list(about_documents(folder, indexes, recordings, loaded))
    sentences = EvidenceSentences(budget=0, encoder=loaded if by_cosine else None, least_score=LEAST)
    _report(asked, sentences, _model(reader), json_file)


@app.command()
def dialogues(turns: Path, chunks: Path, reader: ReaderFile = None, json_file: JsonFile = None) -> None:
    """Turns of dialogues whose evidence is quoted, by language."""
    sentences = EvidenceSentences(budget=0, least_score=LEAST)
    _report(list(of_dialogues(turns, chunks)), sentences, _model(reader), json_file)


class ReadOnce(CrossEncoder):
    """Remembers what it read, so that every way of filling a prompt costs one reading; seconds: of each."""

    def __init__(self, weights: Path, words: PackedBert) -> None:
        super().__init__(weights, words)
        self.seconds: list[float] = []
        self._read: dict[tuple[str, tuple[ReaderPassage, ...]], list[Reading]] = {}

    def read(self, question: str, passages: Sequence[ReaderPassage]) -> list[Reading]:
        key = question, tuple(passages)
        if key not in self._read:
            started = perf_counter()
            self._read[key] = super().read(question, passages)
            self.seconds.append(perf_counter() - started)
        return self._read[key]


def _model(file: Path | None) -> ReadOnce | None:
    words = folder_called(E5)
    return ReadOnce(file, open_bert(words)) if file and words else None


def _report(
    asked: Sequence[Question],
    sentences: EvidenceSentences,
    model: ReadOnce | None,
    json_file: Path | None,
) -> None:
    """Measure, and print tables by collection and by kind, times, and how well unanswerable questions are told."""
    answerable = [question for question in asked if question.answerable]
    console.print(f"{len(answerable)} answerable questions, {platform.processor() or platform.machine()}")
    results: Results = defaultdict(list)
    for question in answerable:
        for way, passages in _prompts(question, sentences, model):
            results[way].append(Shown.by(question, passages))
    console.print(_table(results, "collection"), _table(results, "kind"))
    _report_times(asked, sentences, model)
    if json_file:
        json_file.write_text(json.dumps(list(_rows(results)), indent=1), "utf-8")


def _report_times(asked: Sequence[Question], sentences: EvidenceSentences, model: ReadOnce | None) -> None:
    searched = [
        max(map(relevance, each.documents, range(len(each.documents))), default=0.0) for each in asked
    ]
    _print_time("search", [question.seconds for question in asked])
    _print_area("search", asked, searched)
    _print_time("choice of sentences", [_read(sentences, question)[1] for question in asked])
    if model is not None:
        reader = Reader(model=model, least_score=LEAST)
        _print_area("reader", asked, [_answered(_read(reader, question)[0]) for question in asked])
        _print_time("reader", model.seconds)


def _read(reader: BaseDocumentCompressor, question: Question) -> tuple[Sequence[Document], float]:
    started = perf_counter()
    documents = reader.compress_documents(question.documents, question.query)
    return documents, perf_counter() - started


def _answered(documents: Sequence[Document]) -> float:
    return max((document.metadata["answered"] for document in documents), default=0.0)


def _print_time(name: str, seconds: Sequence[float]) -> None:
    worst = sorted(seconds)[int(0.95 * (len(seconds) - 1))]
    console.print(f"{name}: median {1000 * median(seconds):.0f} ms, 95 % {1000 * worst:.0f} ms")


def _print_area(name: str, asked: Sequence[Question], scores: Sequence[float]) -> None:
    yes, no = (
        [score for question, score in zip(asked, scores, strict=True) if question.answerable is answerable]
        for answerable in (True, False)
    )
    if yes and no:
        area = fmean((a > b) + (a == b) / 2 for a in yes for b in no)
        console.print(
            f"{name}: area under the curve of {len(yes)} answerable and {len(no)} others {area:.3f}"
        )


def _prompts(
    question: Question, sentences: EvidenceSentences, model: ReadOnce | None
) -> Iterator[tuple[str, Sequence[Passage]]]:
    found: dict[str, Sequence[Document]] = {"": question.documents}
    if model is not None:
        found["reader, "] = _read(Reader(model=model, least_score=LEAST), question)[0]
    for way, documents in found.items():
        for count in FIRST:
            yield f"{way}first {count}", select_passages(documents[:count], GroundingOptions(10**6, -1.0))
    for budget in BUDGETS:
        options = GroundingOptions(budget)
        readers: dict[str, BaseDocumentCompressor] = {"": sentences.model_copy(update={"budget": budget})}
        if model is not None:
            readers["reader, "] = Reader(model=model, budget=budget, least_score=LEAST)
        for way, reader in readers.items():
            yield f"{way}{budget} whole", select_passages(found[way][:WHOLE], options)
            yield f"{way}{budget} sentences", select_passages(_read(reader, question)[0], options)


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
