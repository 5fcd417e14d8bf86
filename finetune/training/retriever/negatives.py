"""Hard negatives: passages that the present retriever finds for a question although they do not answer it.

Mined as the bot searches, with vectors and keywords. What may answer after all is left out: passages much like one
that does, and, as in NV-Retriever (de Souza P. Moreira et al., 2024), those that come too near to the positive's own
score. Knows an index, not how it was made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from finetune.training.retriever.material import Material
from retrieval.encoders.base import Vectors
from retrieval.index import Hit, Index

_SEARCHED = 100
"""Hits that are looked at for each question."""


@dataclass(frozen=True, slots=True)
class Mining:
    """count: negatives a question, at most.

    alike: the cosine with a positive from which a passage counts as one more positive.
    margin: the share of its best positive's relevance from which a hit may be an answer nobody marked; None keeps
    all, which suits where every passage was judged.
    """

    count: int = 16
    alike: float = 0.95
    margin: float | None = None


DEFAULT = Mining()


def hard_negatives(
    index: Index, material: Material, questions: Vectors, mining: Mining = DEFAULT
) -> list[list[int]]:
    """For each question of the material what was shown in vain, and then what is mined.

    questions: their vectors; index: over the material's passages.
    """
    mined = mine(index, material.texts, questions, material.positives(), mining)
    shown = material.negatives()
    return [list(dict.fromkeys((*ours, *more))) for ours, more in zip(shown, mined, strict=True)]


def mine(
    index: Index,
    texts: Sequence[str],
    questions: Vectors,
    positives: Sequence[Sequence[int]],
    mining: Mining,
) -> list[list[int]]:
    """For each question up to `mining.count` rows, the hardest first.

    texts, questions: the questions in words and as vectors (len(texts), dimension); positives: rows that answer them.
    """
    return [
        _hardest(index, index.search([text], question[None], _SEARCHED), wanted, mining)
        for text, question, wanted in zip(texts, questions, positives, strict=True)
    ]


def _hardest(index: Index, hits: Sequence[Hit], positives: Sequence[int], mining: Mining) -> list[int]:
    ceiling = _ceiling(hits, positives, mining)
    wrong = [hit.row for hit in hits if hit.row not in set(positives) and hit.relevance <= ceiling]
    if not wrong:
        return []
    likeness = (index.vectors.at(wrong) @ index.vectors.at(positives).T).max(axis=1)
    return [row for row, like in zip(wrong, likeness, strict=True) if like < mining.alike][: mining.count]


def _ceiling(hits: Sequence[Hit], positives: Sequence[int], mining: Mining) -> float:
    """The relevance above which a hit is no negative; without a limit where no positive was found at all."""
    found = [hit.relevance for hit in hits if hit.row in set(positives)]
    return max(found) * mining.margin if found and mining.margin is not None else np.inf
