"""How good a ranking is: recall and nDCG at a cut-off, as fractions. Knows ids and grades, not what they stand for."""

from collections.abc import Mapping, Sequence
from itertools import islice
from math import log2


def recall_at(k: int, ranked: Sequence[str], relevant: Mapping[str, int]) -> float:
    """Share of the relevant ids that are among the first `k`; `relevant` holds at least one."""
    return sum(id in relevant for id in ranked[:k]) / len(relevant)


def ndcg_at(k: int, ranked: Sequence[str], relevant: Mapping[str, int]) -> float:
    """Discounted cumulative gain of the first `k` beside the best possible one (Jarvelin and Kekalainen 2002).

    The gain is the grade itself, as trec_eval has it; every grade is above 0.
    """
    best = sorted(relevant.values(), reverse=True)
    return _discounted([relevant.get(id, 0) for id in ranked[:k]]) / _discounted(list(islice(best, k)))


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / log2(place + 1) for place, gain in enumerate(gains, 1))
