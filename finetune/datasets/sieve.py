"""Lets examples through that are fit to learn from and new, and counts the others.

Knows the texts that matter in each form of example.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from dialogue.words import content_words
from finetune.datasets.duplicates import Duplicates
from finetune.datasets.quality import abusive, too_short
from finetune.examples import (
    Example,
    GivenPassage,
    GroundingExample,
    Line,
    PreferenceExample,
    RatedExample,
    RetrievalExample,
    RewritingExample,
)

RECALLED = 2
"""Turns of history that make a follow-up another one."""


@dataclass(frozen=True, slots=True)
class Essence:
    """written: what people and models wrote. exactly: what must be equal for two examples to be the same."""

    written: tuple[str, ...]
    exactly: str = ""
    before: tuple[str, ...] = ()


class Sieve:
    """left: how many examples were left out, by reason."""

    def __init__(self) -> None:
        self.left: Counter[str] = Counter()
        self._seen: defaultdict[str, Duplicates] = defaultdict(Duplicates)
        self._looked = 0

    def passes(self, kind: str, example: Example) -> bool:
        reason = self._objection(kind, example)
        if reason:
            self.left[reason] += 1
        return not reason

    def _objection(self, kind: str, example: Example) -> str:
        essence = essence_of(example)
        if too_short(essence.written):
            return "too short"
        if abusive(essence.written):
            return "abusive"
        text = "\n".join((*essence.before, *essence.written))
        self._looked += 1
        first = self._seen[kind].first_like(str(self._looked), text, essence.exactly)
        return "" if first == str(self._looked) else "near-duplicate"


def essence_of(example: Example) -> Essence:
    match example:
        case RewritingExample():
            meant = " ".join(sorted(content_words(example.rewrite)))
            return Essence((example.question, example.rewrite), meant, _recalled(example.history))
        case GroundingExample():
            told = f"{example.answerable} {sorted(example.evidence)}"
            answer = () if example.answerable is False else (example.answer,)
            return Essence((example.question, *answer), exactly=told)
        case PreferenceExample():
            return Essence((example.question, example.chosen, example.rejected))
        case RatedExample():
            return Essence((example.question, example.answer), exactly=str(example.welcome))
        case RetrievalExample():
            return Essence((example.query,), exactly=_words(example.positive))
    raise TypeError(f"No form of examples: {type(example).__name__}.")


def _recalled(history: tuple[Line, ...]) -> tuple[str, ...]:
    return tuple(line.text for line in history[-RECALLED:])


def _words(passage: GivenPassage) -> str:
    return f"{passage.title}\n{passage.text}"
