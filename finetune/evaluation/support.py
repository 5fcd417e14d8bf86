"""Whether answers rest on their passages: K-precision, citation precision and recall, abstention F1.

Each is of one answer, as a fraction from 0 to 1 or as the share that it has in the measure of a set; None is a share of
nothing. Knows nothing of models or files.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dialogue.citations import MARKERS
from finetune.evaluation.scores import Share
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


def citation_precision(answer: Cited) -> float | None:
    """Share of the cited passages that are evidence; None for an answer that cites nothing."""
    return len(answer.cited & answer.evidence) / len(answer.cited) if answer.cited else None


def citation_recall(answer: Cited) -> float | None:
    """Share of the evidence that is cited, 0 for an abstention; None for a question that has none."""
    return len(answer.cited & answer.evidence) / len(answer.evidence) if answer.evidence else None


def abstention_f1(abstained: bool, answerable: bool) -> Share:
    """The share in the F1 of abstaining from the questions that cannot be answered: 2 TP over 2 TP + FP + FN."""
    return 2.0 * (abstained and not answerable), float(abstained) + float(not answerable)
