"""Questions from rows that bring their passages with them: `reading` and `grounding`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finetune.training.reader.questions import CandidatePassage, ReaderQuestion, candidate, distractor
from retrieval.sentences import Span

Row = Mapping[str, Any]
WITHOUT_GOLD = "-na"
"""How the id of a row ends that repeats another without the passage that answers."""
_INFERRED = "pubmedqa"
"""Its answers follow from the passage as a whole."""


def question_of_row(row: Row) -> ReaderQuestion:
    """With or without an answer; spans are in the row, or are where the answer stands in the passages of evidence."""
    gold = set(row["evidence"]) if row["answerable"] else set()
    found = tuple(
        _candidate(row, number, passage) if passage["id"] in gold else _distractor(passage)
        for number, passage in enumerate(row["passages"])
    )
    return ReaderQuestion(row["id"], row["source"], row["language"], (row["question"],), found)


def _candidate(row: Row, number: int, passage: Mapping[str, str]) -> CandidatePassage:
    spans = list(_spans(row, number, passage["text"]))
    answers = row["answerable"] is True or None
    return candidate(passage.get("title", ""), "", passage["text"], spans or None, answers)


def _distractor(passage: Mapping[str, str]) -> CandidatePassage:
    return distractor(passage.get("title", ""), "", passage["text"])


def _spans(row: Row, number: int, text: str) -> Iterator[Span]:
    if row["source"].startswith(_INFERRED):
        return
    marked: Sequence[tuple[int, int, int]] = row.get("sentences") or row.get("spans") or ()
    yield from ((start, end) for passage, start, end in marked if passage == number)
    if "spans" not in row and row["answer"] and (start := text.find(row["answer"])) >= 0:
        yield start, start + len(row["answer"])
