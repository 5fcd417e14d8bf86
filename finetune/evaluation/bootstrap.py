"""How sure a measure is: percentile bootstrap intervals (Efron 1979) of ratios of sums, such as means.

Whole conversations are drawn, for the turns of one are alike (Field and Welsh 2007, cluster bootstrap). The draws are
the same on every machine and for every system on the same rows, so that two systems are compared on equal draws.
Knows numbers, not what they measure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95
SEED = 20
AT_ONCE = 250
"""Resamples drawn together: 20 MB for 10,000 conversations."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the range that holds it with a confidence of 95 %; no range can be told from one conversation."""

    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, figures: Numbers) -> Self | None:
        """From `figures` [1 + resamples] as `resampled` gives them; None for a share of nothing."""
        value, drawn = float(figures[0]), figures[1:][np.isfinite(figures[1:])]
        if not np.isfinite(value):
            return None
        if len(drawn) < len(figures) / 2:
            return cls(value)
        low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return cls(value, float(low), float(high))


def resampled(parts: Numbers, wholes: Numbers, clusters: Sequence[str]) -> Numbers:
    """`parts` over `wholes`, summed over all rows first and then over each resample: [1 + resamples, columns].

    parts, wholes: [rows, columns]. clusters: the conversation of each row. NaN is a share of nothing; one conversation
    alone gives no resamples but NaN.
    """
    summed = _by_cluster(np.hstack([parts, wholes]), clusters)
    sums = np.vstack([summed.sum(axis=0), *(counts @ summed for counts in _draws(len(summed)))])
    above, below = np.split(sums, 2, axis=1)
    ratios: Numbers = np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)
    return ratios


def _by_cluster(rows: Numbers, clusters: Sequence[str]) -> Numbers:
    """[clusters, columns], in the order of first sight."""
    places = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    summed = np.zeros((len(places), rows.shape[1]))
    np.add.at(summed, [places[name] for name in clusters], rows)
    return summed


def _draws(clusters: int) -> Iterator[Numbers]:
    """How often each cluster is drawn in each resample: blocks of [resamples, clusters]."""
    random = np.random.default_rng(SEED)
    for _ in range(RESAMPLES // AT_ONCE):
        if clusters < 2:
            yield np.zeros((AT_ONCE, clusters))
        else:
            yield random.multinomial(clusters, np.full(clusters, 1 / clusters), AT_ONCE).astype(np.float64)
