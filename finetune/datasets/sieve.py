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
    """What two examples have in common if one repeats the other: `exactly`, and each of `alike` nearly."""

    written: tuple[str, ...]
    """What people and models wrote."""
    alike: tuple[str, ...]
    exactly: str = ""


class Sieve:
    """left: how many examples were left out, by reason."""

    def __init__(self) -> None:
        self.left: Counter[str] = Counter()
        self._seen: defaultdict[tuple[str, int], Duplicates] = defaultdict(Duplicates)
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
        return "near-duplicate" if self._repeats(kind, essence) else ""

    def _repeats(self, kind: str, essence: Essence) -> bool:
        self._looked += 1
        name, group = str(self._looked), essence.exactly
        for place, text in enumerate(essence.alike):
            group = self._seen[kind, place].first_like(name, text, group)
        return group != name


def essence_of(example: Example) -> Essence:
    match example:
        case RewritingExample():
            meant = " ".join(sorted(content_words(example.rewrite)))
            asked = "\n".join((*_recalled(example.history), example.question))
            return Essence((example.question, example.rewrite), (asked,), meant)
        case GroundingExample():
            told = f"{example.answerable} {sorted(example.evidence)}"
            said = () if example.answerable is False else (example.answer,)
            return Essence((example.question, *said), (*said, example.question), told)
        case PreferenceExample():
            texts = (example.chosen, example.rejected, example.question)
            return Essence(texts, texts)
        case RatedExample():
            both = (example.answer, example.question)
            return Essence(both, both, str(example.welcome))
        case RetrievalExample():
            return Essence((example.query,), (example.query,), _words(example.positive))
    raise TypeError(f"No form of examples: {type(example).__name__}.")


def _recalled(history: tuple[Line, ...]) -> tuple[str, ...]:
    return tuple(line.text for line in history[-RECALLED:])


def _words(passage: GivenPassage) -> str:
    return f"{passage.title}\n{passage.text}"
