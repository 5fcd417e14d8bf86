"""Measures the reader: which passages come first, whether anything answers, and which sentences are evidence.

`search` is the search alone, `reader` the reader alone, `both` as the bot uses them. Of questions that are answered:
the share whose first passage answers, and recall and reciprocal rank of relevant passages. Of all: the area under the
curve of whether anything answers, and the F1 of abstaining. Of the units of relevant passages: the F1 of evidence.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finetune.evaluation.concurrency import RowProgress, no_progress
from finetune.evaluation.metrics import abstention_f1
from finetune.evaluation.reader_cases import ReaderCase
from finetune.evaluation.results import NO_SHARE, EvaluationResult, ScoredExample, Share, share
from finetune.training.reader.questions import CandidatePassage
from retrieval.reader.cross_encoder import Reading
from retrieval.reader.input import ReaderPassage
from retrieval.reader.weights import Calibration

Read = Callable[[str, Sequence[ReaderPassage]], Sequence[Reading]]
_CUTOFF = 5
BY_SEARCH, BY_READER, BY_BOTH = "search", "reader", "both"


@dataclass(frozen=True, slots=True)
class ReadCase:
    """A case with what the reader says of each candidate."""

    case: ReaderCase
    readings: Sequence[Reading]

    @property
    def candidates(self) -> Sequence[CandidatePassage]:
        return self.case.question.candidates

    @property
    def answers(self) -> float:
        """The greatest logit."""
        return max(reading.answers for reading in self.readings)

    @property
    def relevant(self) -> bool:
        return any(each.relevant for each in self.candidates)

    def ranked(self, system: str, calibration: Calibration) -> list[bool]:
        """Whether each candidate is relevant, best first."""
        return [
            self.candidates[row].relevant
            for row in np.argsort(-self._scores(system, calibration), kind="stable")
        ]

    def odds(self, system: str, calibration: Calibration) -> float:
        """What grows with the probability that one of the candidates answers."""
        best = max(self.case.found)
        return {BY_SEARCH: best, BY_READER: self.answers, BY_BOTH: calibration.answered(self.answers, best)}[
            system
        ]

    def units(self) -> Iterator[tuple[float, bool]]:
        """The evidence of the units of relevant passages, and whether they are."""
        for each, reading in zip(self.candidates, self.readings, strict=True):
            if each.relevant and each.evidence is not None:
                yield from zip(reading.evidence.tolist(), each.evidence, strict=True)

    def _scores(self, system: str, calibration: Calibration) -> NDArray[np.float64]:
        found = np.array(self.case.found)
        relevance = np.array([reading.relevance for reading in self.readings])
        if system == BY_SEARCH:
            return found
        return relevance if system == BY_READER else found + calibration.rank * relevance


def read_cases(
    cases: Sequence[ReaderCase], read: Read, progress: RowProgress = no_progress
) -> Iterator[ReadCase]:
    for case in cases:
        passages = [each.passage for each in case.question.candidates]
        yield ReadCase(case, read(case.question.wordings[0], passages))
        progress()


def reader_results(
    name: str, cases: Sequence[ReadCase], calibration: Calibration
) -> Iterator[EvaluationResult]:
    """For all cases, then by language and by source where there are several."""
    for part, of in _parts(cases).items():
        for system in (BY_SEARCH, BY_READER, BY_BOTH):
            scored = tuple(_scored(each, system, calibration) for each in of)
            known = [each for each in of if each.case.answerable is not None]
            curve = auc(
                [each.odds(system, calibration) for each in known],
                [bool(each.case.answerable) for each in known],
            )
            yield EvaluationResult("read", name, system, scored, {"part": part}, {"auc": curve})


def auc(scores: Sequence[float], right: Sequence[bool]) -> float | None:
    """The probability that a right one has the greater score of two; None where there are not both."""
    above = np.array([score for score, is_right in zip(scores, right, strict=True) if is_right])
    below = np.array([score for score, is_right in zip(scores, right, strict=True) if not is_right])
    if not len(above) or not len(below):
        return None
    difference = above[:, None] - below[None]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def _parts(cases: Sequence[ReadCase]) -> Mapping[str, Sequence[ReadCase]]:
    parts: dict[str, list[ReadCase]] = {"all": list(cases)}
    for kind in ("language", "source"):
        values = sorted({getattr(each.case.question, kind) for each in cases})
        for value in values if len(values) > 1 else ():
            parts[f"{kind} {value}"] = [each for each in cases if getattr(each.case.question, kind) == value]
    return parts


def _scored(each: ReadCase, system: str, calibration: Calibration) -> ScoredExample:
    ranked = each.ranked(system, calibration) if each.relevant else []
    first = ranked.index(True) if ranked else 0
    shares: dict[str, Share] = {
        "first": share(float(first == 0) if ranked else None),
        "recall_at_5": share(sum(ranked[:_CUTOFF]) / sum(ranked) if ranked else None),
        "reciprocal_rank": share(1 / (first + 1) if ranked else None),
        "abstention_f1": _abstention(each, calibration) if system == BY_BOTH else NO_SHARE,
        "evidence_f1": _evidence(each, calibration) if system != BY_SEARCH else NO_SHARE,
    }
    question = each.case.question
    return ScoredExample(question.id, each.case.conversation, question.wordings[0], "", shares)


def _abstention(each: ReadCase, calibration: Calibration) -> Share:
    if each.case.answerable is None:
        return NO_SHARE
    return abstention_f1(each.odds(BY_BOTH, calibration) < 0.5, each.case.answerable)


def _evidence(each: ReadCase, calibration: Calibration) -> Share:
    """2 TP over 2 TP + FP + FN."""
    units = list(each.units())
    chosen = [evidence >= calibration.evidence for evidence, _ in units]
    right = [is_right for _, is_right in units]
    both = sum(a and b for a, b in zip(chosen, right, strict=True))
    return 2.0 * both, float(sum(chosen) + sum(right))
