"""Shortens documents to their best units, within a budget of tokens over all of them.

What is left of a document is exact text of it, in its order. Knows no question: who scores the units does.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from retrieval.chunking import estimate_tokens
from retrieval.units import Unit, join_units, read_units

Scores = NDArray[np.float32]

NEIGHBOURS = 0.5
"""How far a unit beside a better one comes up to it: an answer often stands next to the words of the question."""
RELEVANCE_OF_FIRST, RELEVANCE_PER_RANK = 0.5, 0.02
"""Stand in for the relevance of documents whose retriever gives none."""


def relevance(document: Document, rank: int) -> float:
    """How near the retriever found a document."""
    about = document.metadata
    missing = RELEVANCE_OF_FIRST - RELEVANCE_PER_RANK * rank
    return float(about.get("relevance", about.get("score", missing)))


class DividedDocument:
    """A document and its units. above: its titles, one a line."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = document.page_content
        self.units = read_units(self.text)
        about = document.metadata
        titles = (str(about.get("title") or ""), *str(about.get("heading") or "").split(" > "))
        self.above = "\n".join(filter(None, titles))
        self.title_tokens = estimate_tokens(self.above)

    def unit(self, number: int) -> str:
        return self.text[slice(*self.units[number].span)]

    def tokens(self, numbers: AbstractSet[int]) -> int:
        return sum(estimate_tokens(self.unit(number)) for number in numbers)

    def shortened(self, numbers: Sequence[int]) -> Document:
        return self.document.model_copy(update={"page_content": join_units(self.text, self.units, numbers)})


def prune(documents: Sequence[DividedDocument], scores: Sequence[Scores], budget: int) -> list[Document]:
    """What is left of the documents of which something is chosen, in their order.

    scores: of the units of each. Best first, those are taken that fit the budget together with titles and what they
    need to be understood; the best one always is.
    """
    chosen = _choose(documents, scores, budget)
    return [documents[n].shortened(sorted(numbers)) for n, numbers in sorted(chosen.items())]


def near_better(scores: Scores) -> Scores:
    """The scores of a document's units, those beside a better one raised towards it."""
    beside = np.full(len(scores), -np.inf, np.float32)
    beside[1:] = scores[:-1]
    beside[:-1] = np.maximum(beside[:-1], scores[1:])
    raised: Scores = scores + NEIGHBOURS * np.maximum(beside - scores, 0)
    return raised


def _choose(
    documents: Sequence[DividedDocument], scores: Sequence[Scores], budget: int
) -> Mapping[int, set[int]]:
    """For each document of which something is chosen, the numbers of its units."""
    chosen: defaultdict[int, set[int]] = defaultdict(set)
    for n, number in _ranked(scores):
        added = _with_needed(documents[n].units, number) - chosen.get(n, set())
        cost = documents[n].tokens(added) + (0 if n in chosen else documents[n].title_tokens)
        if not chosen or cost <= budget:
            chosen[n] |= added
            budget -= cost
    return chosen


def _ranked(scores: Sequence[Scores]) -> list[tuple[int, int]]:
    """Document and unit, best first; of equals the earlier."""
    found = [(n, number) for n, units in enumerate(scores) for number in range(len(units))]
    return sorted(found, key=lambda at: -scores[at[0]][at[1]])


def _with_needed(units: Sequence[Unit], number: int) -> set[int]:
    """A unit and what it needs to be understood; chains are not followed."""
    return {number, *units[number].needs}
