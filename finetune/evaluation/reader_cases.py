"""What the reader is measured on: questions with the passages that a search found for them, best first.

Turns of dialogues are searched for, as they were rewritten, among the chunks of their packet; rows with passages among
those.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from finetune.datasets.dataset import group_of
from finetune.evaluation.sets import SEED, names_of
from finetune.training.reader.dialogues import chunk_text, judged
from finetune.training.reader.material import is_chunk, is_dialogue, is_row, read_rows
from finetune.training.reader.passage_rows import question_of_row
from finetune.training.reader.questions import ReaderQuestion
from retrieval.encoders.base import Encoder, Vectors
from retrieval.index import Hit, Index, VectorIndex, write_vectors
from retrieval.keywords import KeywordIndex

Row = Mapping[str, Any]
FOUND = 20
"""How many passages are read."""


@dataclass(frozen=True, slots=True)
class ReaderCase:
    """found: the relevance, in the search, of each candidate of the question, falling. conversation: of the question.

    answerable: whether one of the candidates answers; None where that is not known, or they do in part.
    """

    question: ReaderQuestion
    found: tuple[float, ...]
    conversation: str
    answerable: bool | None


class PassageSearch:
    """Searches a few passages as the bot searches its chunks."""

    def __init__(self, texts: Sequence[str], vectors: Vectors, encoder: Encoder) -> None:
        self._encoder = encoder
        with TemporaryDirectory() as folder:
            write_vectors(Path(folder) / "vectors", vectors)
            keywords = KeywordIndex.write(Path(folder) / "keywords", texts)
            self._index = Index(VectorIndex(Path(folder) / "vectors"), keywords)

    def hits(self, question: str) -> list[Hit]:
        return self._index.search([question], self._encoder.encode_questions([question]), FOUND)


def dialogue_cases(dialogues: Sequence[Row], chunks: Iterable[Row], encoder: Encoder) -> Iterator[ReaderCase]:
    packets: dict[str, list[Row]] = {dialogue["packet"]: [] for dialogue in dialogues}
    for chunk in chunks:
        if chunk["packet"] in packets:
            packets[chunk["packet"]].append(chunk)
    for name, held in packets.items():
        texts = [chunk_text(chunk) for chunk in held]
        search = PassageSearch(texts, encoder.encode(texts), encoder)
        for dialogue in dialogues:
            if dialogue["packet"] == name:
                yield from _turns(dialogue, held, search)


def _turns(dialogue: Row, chunks: Sequence[Row], search: PassageSearch) -> Iterator[ReaderCase]:
    for number, turn in enumerate(dialogue["turns"]):
        hits = search.hits(turn["rewrite"])
        candidates = tuple(judged(turn, chunks[hit.row]) for hit in hits)
        id, source, language = f"{dialogue['id']}:{number}", dialogue["source"], dialogue["language"]
        question = ReaderQuestion(id, source, language, (turn["rewrite"],), candidates)
        known = turn["answerable"] in (True, False)
        answerable = any(each.answers for each in candidates) if known else None
        yield ReaderCase(question, tuple(hit.relevance for hit in hits), dialogue["id"], answerable)


def passage_cases(rows: Sequence[Row], encoder: Encoder) -> Iterator[ReaderCase]:
    if not rows:
        return
    texts = [[f"{each.get('title', '')}\n{each['text']}" for each in row["passages"]] for row in rows]
    vectors = encoder.encode([text for of in texts for text in of])
    ends = np.cumsum([len(of) for of in texts])[:-1]
    for row, of, encoded in zip(rows, texts, np.split(vectors, ends), strict=True):
        question = question_of_row(row)
        hits = PassageSearch(of, encoded, encoder).hits(row["question"])
        candidates = tuple(question.candidates[hit.row] for hit in hits)
        found = replace(question, candidates=candidates)
        yield ReaderCase(
            found, tuple(hit.relevance for hit in hits), group_of(row["id"]), row["answerable"] is True
        )


def reader_cases(
    files: Sequence[Path], encoder: Encoder, limit: int | None
) -> Iterator[tuple[str, list[ReaderCase]]]:
    """The cases of each file of dialogues or of rows, `limit` of its rows at most; chunks are in files of their own.

    Raises BadFile.
    """
    rows = {path: list(read_rows(path)) for path in files}
    chunks = [row for held in rows.values() for row in held if is_chunk(row)]
    for path, name in names_of(files).items():
        dialogues, others = (
            sample(filter(is_dialogue, rows[path]), limit),
            sample(filter(is_row, rows[path]), limit),
        )
        if found := [*dialogue_cases(dialogues, chunks, encoder), *passage_cases(others, encoder)]:
            yield name, found


def sample(rows: Iterable[Row], most: int | None) -> list[Row]:
    """Drawn by chance, always alike."""
    every = list(rows)
    return every if most is None or most >= len(every) else random.Random(SEED).sample(every, most)
