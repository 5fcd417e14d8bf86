"""Training questions of the reader: what is asked, the candidate passages, and what is right about each of them.

Read from dialogues on documents (`support`), from rows with passages and spans (`reading`) and from those with the
passages that hold the answer (`grounding`), as `shared/data/README.md` describes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.reader.input import ReaderPassage, passage_of
from retrieval.sentences import Span
from retrieval.units import read_units


@dataclass(frozen=True, slots=True)
class CandidatePassage:
    """A passage and what is right about it; None where nobody knows.

    relevant: whether it helps to answer. answers: whether the question is answered by it.
    evidence: for each unit whether it is evidence.
    """

    passage: ReaderPassage
    relevant: bool
    answers: bool | None
    evidence: tuple[bool, ...] | None


@dataclass(frozen=True, slots=True)
class ReaderQuestion:
    """id, source, language: of the row. wordings: the clearest one first. candidates: the relevant ones, then the
    others, those that look most like an answer first."""

    id: str
    source: str
    language: str
    wordings: tuple[str, ...]
    candidates: tuple[CandidatePassage, ...]


def candidate(
    title: str, heading: str, text: str, spans: Sequence[Span] | None, answers: bool | None
) -> CandidatePassage:
    """A passage that is relevant. spans: what is evidence in it; None where that is unknown."""
    evidence = None if spans is None else marked_units(text, spans)
    return CandidatePassage(passage_of(title, heading, text), True, answers, evidence)


def distractor(title: str, heading: str, text: str) -> CandidatePassage:
    """A passage that does not answer."""
    passage = passage_of(title, heading, text)
    return CandidatePassage(passage, False, False, (False,) * len(passage.units))


def marked_units(text: str, spans: Sequence[Span]) -> tuple[bool, ...]:
    """For each unit of a text whether one of the spans lies in it, at least in part."""
    return tuple(
        any(start < unit.span[1] and unit.span[0] < end for start, end in spans) for unit in read_units(text)
    )
