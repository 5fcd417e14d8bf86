"""All questions that a reader learns from, of files of dialogues, of their chunks, and of rows with passages.

What a step learns from follows from its number alone, so that a run goes on where it stopped.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from finetune.errors import BadFile, NothingToLearn
from finetune.training.reader.dialogues import packets_of, questions_of
from finetune.training.reader.options import ReaderShares
from finetune.training.reader.passage_rows import WITHOUT_GOLD, question_of_row
from finetune.training.reader.questions import ReaderQuestion

Row = Mapping[str, Any]
_HELD_OUT = re.compile(r"xquad:(?:01|14|25|38|46)-")
"""Rows of `grounding` about the articles that `reading/dev` asks about."""
FOUND = 6
"""Finds that stand beside what a turn names."""


@dataclass(frozen=True, slots=True)
class Part:
    """Questions of one kind. share: how many of them a step has."""

    name: str
    share: int
    count: int
    question: Callable[[int], ReaderQuestion]


@dataclass(frozen=True, slots=True)
class Stream:
    """The questions of each step. most: candidates of a question."""

    parts: Sequence[Part]
    most: int = 4
    seed: int = 17

    def questions(self, step: int) -> list[ReaderQuestion]:
        """Each in one wording, mostly the first, and with some of its candidates."""
        random = np.random.default_rng((self.seed, step))
        return [
            self._drawn(part.question(self._place(n, part, step * part.share + turn)), random)
            for n, part in enumerate(self.parts)
            for turn in range(part.share)
        ]

    def _place(self, n: int, part: Part, turn: int) -> int:
        """All of a part are read in an order of chance before one is read again."""
        epoch, place = divmod(turn, part.count)
        return int(_order(self.seed, n, epoch, part.count)[place])

    def _drawn(self, question: ReaderQuestion, random: np.random.Generator) -> ReaderQuestion:
        relevant = [each for each in question.candidates if each.relevant][: self.most - 1]
        others = [each for each in question.candidates if not each.relevant]
        kept = random.permutation(len(others))[: self.most - len(relevant)]
        wording = question.wordings[-1 if random.random() < 0.2 else 0]
        drawn = (*relevant, *(others[place] for place in sorted(kept)))
        return replace(question, wordings=(wording,), candidates=drawn)


@lru_cache(16)
def _order(seed: int, part: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng((seed, part, epoch)).permutation(count)


def read_parts(files: Iterable[Path], shares: ReaderShares) -> list[Part]:
    """Raises BadFile and NothingToLearn."""
    dialogues: list[Row] = []
    chunks: list[Row] = []
    passages: list[str] = []
    for row in (row for path in files for row in read_rows(path)):
        if is_dialogue(row):
            dialogues.append(row)
        elif is_chunk(row):
            chunks.append(row)
        elif is_row(row) and not (row["id"].endswith(WITHOUT_GOLD) or _HELD_OUT.match(row["id"])):
            passages.append(json.dumps(row, ensure_ascii=False))
    asked = dialogue_questions(dialogues, chunks)
    parts = [
        Part("dialogues", shares.dialogues, len(asked), asked.__getitem__),
        Part("passages", shares.passages, len(passages), lambda n: question_of_row(json.loads(passages[n]))),
    ]
    if not any(part.count for part in parts):
        raise NothingToLearn("reader")
    return [part for part in parts if part.count]


def dialogue_questions(dialogues: Iterable[Row], chunks: Iterable[Row]) -> list[ReaderQuestion]:
    packets = packets_of(chunks)
    return [
        question
        for dialogue in dialogues
        for question in questions_of(dialogue, packets[dialogue["packet"]], FOUND)
    ]


def read_rows(path: Path) -> Iterator[Row]:
    """JSON lines, plain or gzipped. Raises BadFile."""
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        yield from (json.loads(line) for line in content.split(b"\n") if line.strip())
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise BadFile(path, None, f"cannot be read as JSON lines ({error})") from error


def is_dialogue(row: Row) -> bool:
    return "turns" in row


def is_chunk(row: Row) -> bool:
    """Of the documents that dialogues are about."""
    return "packet" in row and not is_dialogue(row)


def is_row(row: Row) -> bool:
    return "passages" in row
