"""Whether answers rest on their passages: K-precision, citation precision and recall, abstention F1.

All are fractions from 0 to 1; a share of nothing is None. Knows nothing of models or files.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from dialogue.citations import MARKERS
from finetune.evaluation.text import answer_tokens


@dataclass(frozen=True, slots=True)
class Cited:
    """The passages that an answer cites, beside those that hold the answer."""

    cited: frozenset[str]
    evidence: frozenset[str]


def without_markers(text: str) -> str:
    """The answer's text without its citation markers `[n]`, which are no words of it."""
    return MARKERS.sub("", text)


def k_precision(text: str, passages: Iterable[str]) -> float | None:
    """Share of the text's tokens that occur in its passages (Adlakha et al. 2023, K-Precision).

    A token counts as often as the passages hold it. None for a text without tokens: leave abstentions out.
    """
    tokens = Counter(answer_tokens(without_markers(text)))
    if not tokens:
        return None
    known = Counter(token for passage in passages for token in answer_tokens(passage))
    return (tokens & known).total() / tokens.total()


def citation_precision(answers: Collection[Cited]) -> float | None:
    """Mean share of the cited passages that are evidence, over the answers that cite something."""
    return mean([len(a.cited & a.evidence) / len(a.cited) for a in answers if a.cited])


def citation_recall(answers: Collection[Cited]) -> float | None:
    """Mean share of the evidence that is cited, over the questions that have some; an abstention counts 0."""
    return mean([len(a.cited & a.evidence) / len(a.evidence) for a in answers if a.evidence])


def abstention_f1(abstained: Sequence[bool], answerable: Sequence[bool]) -> float | None:
    """F1 of abstaining from the questions that cannot be answered; None if there are none of either."""
    right = sum(silent and not known for silent, known in zip(abstained, answerable, strict=True))
    either = sum(abstained) + len(answerable) - sum(answerable)
    return 2 * right / either if either else None


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
