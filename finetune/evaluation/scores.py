"""What a system got on a set, example by example, and the row of measures that comes of it.

Every measure but those of the whole set is a ratio of sums over examples; each example has a share in it. Knows
neither systems nor what the measures mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from finetune.evaluation.bootstrap import Interval, Numbers, resampled
from finetune.evaluation.report import HIGH, LOW, Cell, Row

Share = tuple[float, float]
"""What an example adds above and below the line of a measure."""

NO_SHARE: Share = (0.0, 0.0)


def share(score: float | None) -> Share:
    """An example's share in a mean; one without a score does not count."""
    return NO_SHARE if score is None else (score, 1.0)


@dataclass(frozen=True, slots=True)
class Scored:
    """One example: what was asked, what the system said to it, and its share in each measure."""

    id: str
    conversation: str
    asked: str
    said: str
    shares: Mapping[str, Share]


@dataclass(frozen=True, slots=True)
class Result:
    """What `system` got on a set of examples of one task: `rewrite`, `answer` or `retrieve`.

    label: tells results on the same set apart, such as the form of a search.
    """

    task: str
    set: str
    system: str
    scored: tuple[Scored, ...]
    label: Mapping[str, str] = field(default_factory=dict)
    whole: Mapping[str, float | None] = field(default_factory=dict)
    """Measures that no example has a share in, such as BLEU or the size of the model."""

    @property
    def key(self) -> tuple[str, ...]:
        """The set with its label: results of two systems under one key can be compared."""
        return (self.task, self.set, *self.label.values())

    @property
    def measures(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in self.scored for name in one.shares))

    def value(self, measure: str) -> float | None:
        """One measure; None if it is a share of nothing, or not measured."""
        if measure not in self.measures:
            return self.whole.get(measure)
        parts, wholes = zip(*(one.shares[measure] for one in self.scored), strict=True)
        return sum(parts) / sum(wholes) if sum(wholes) else None

    def intervals(self) -> dict[str, Interval | None]:
        """The measures in which examples have shares, with how sure they are; None for a share of nothing."""
        if not self.scored:
            return {}
        figures = self.figures(self.measures)
        return {name: Interval.of(figures[:, column]) for column, name in enumerate(self.measures)}

    def figures(self, measures: Sequence[str]) -> Numbers:
        """[1 + resamples, measures]; see `bootstrap.resampled`. All examples have a share in the measures."""
        shares = np.array([[one.shares[name] for name in measures] for one in self.scored])
        return resampled(shares[..., 0], shares[..., 1], [one.conversation for one in self.scored])

    def with_whole(self, **measures: float | None) -> Self:
        return replace(self, whole={**self.whole, **measures})

    def row(self) -> Row:
        """The measures; `_low` and `_high` behind a name are the ends of its interval."""
        cells: dict[str, Cell] = {"set": self.set, "system": self.system, **self.label, "n": len(self.scored)}
        for name, interval in self.intervals().items():
            cells |= spread(name, interval)
        return {**cells, **self.whole}


def spread(name: str, interval: Interval | None) -> dict[str, Cell]:
    """An interval as cells of a row."""
    if interval is None:
        return {name: None}
    return {name: interval.value, f"{name}{LOW}": interval.low, f"{name}{HIGH}": interval.high}


def rows_of(results: Sequence[Result]) -> list[Row]:
    return [result.row() for result in results]
