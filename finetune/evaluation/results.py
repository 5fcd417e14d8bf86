"""Evaluation results: scores per example, measures with confidence intervals, and comparisons between systems.

Intervals are percentile bootstrap intervals (Efron 1979) of ratios of sums, such as means. Whole conversations are
resampled, because the turns of one conversation are alike (Field and Welsh 2007, cluster bootstrap). The same rows
give the same resamples on every machine and for every system, so two systems are compared on equal terms. Comparisons
are paired: each example is compared with itself, which detects much smaller differences than two separate intervals
would.

Results are printed as a table or written as JSON; `x_low` and `x_high` are the ends of the interval of `x`, and a
measure without a value is empty.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

RESAMPLES = 2000
CONFIDENCE = 0.95
BOOTSTRAP_SEED = 20
RESAMPLES_AT_ONCE = 250
"""Resamples drawn together: 20 MB for 10,000 conversations."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its 95 % confidence interval; a single conversation gives no interval."""

    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, figures: FloatArray) -> Self | None:
        """From `figures` [1 + resamples] as `resampled` gives them; None for a share of nothing."""
        value, drawn = float(figures[0]), figures[1:][np.isfinite(figures[1:])]
        if not np.isfinite(value):
            return None
        if len(drawn) < len(figures) / 2:
            return cls(value)
        low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return cls(value, float(low), float(high))


def resample(parts: FloatArray, wholes: FloatArray, clusters: Sequence[str]) -> FloatArray:
    """`parts` over `wholes`, summed over all rows first and then over each resample: [1 + resamples, columns].

    parts, wholes: [rows, columns]. clusters: the conversation of each row. NaN is a share of nothing; one conversation
    alone gives no resamples but NaN.
    """
    summed = _by_cluster(np.hstack([parts, wholes]), clusters)
    sums = np.vstack([summed.sum(axis=0), *(counts @ summed for counts in _draws(len(summed)))])
    above, below = np.split(sums, 2, axis=1)
    ratios: FloatArray = np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)
    return ratios


def _by_cluster(rows: FloatArray, clusters: Sequence[str]) -> FloatArray:
    """[clusters, columns], in the order of their first occurrence."""
    places = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    summed = np.zeros((len(places), rows.shape[1]))
    np.add.at(summed, [places[name] for name in clusters], rows)
    return summed


def _draws(clusters: int) -> Iterator[FloatArray]:
    """How often each cluster is drawn in each resample: blocks of [resamples, clusters]."""
    random = np.random.default_rng(BOOTSTRAP_SEED)
    for _ in range(RESAMPLES // RESAMPLES_AT_ONCE):
        if clusters < 2:
            yield np.zeros((RESAMPLES_AT_ONCE, clusters))
        else:
            yield random.multinomial(clusters, np.full(clusters, 1 / clusters), RESAMPLES_AT_ONCE).astype(
                np.float64
            )


LOW_SUFFIX, HIGH_SUFFIX = "_low", "_high"

Cell = str | int | float | None
ResultRow = Mapping[str, Cell]
"""One line of a table: `set`, `system`, `n`, then the measures by name."""


def results_table(rows: Sequence[ResultRow], title: str) -> Table:
    """The rows under one column for every name that occurs in them, in the order of first sight."""
    names = column_names(rows)
    drawn = Table(title=title, title_justify="left")
    for name in names:
        numeric = any(isinstance(row.get(name), int | float) for row in rows)
        drawn.add_column(name.replace("_", " "), justify="right" if numeric else "left")
    for row in rows:
        drawn.add_row(
            *(
                "\n".join(filter(None, (format_cell(row.get(name)), format_interval(row, name))))
                for name in names
            )
        )
    return drawn


def column_names(rows: Sequence[ResultRow]) -> list[str]:
    """The names in the rows, without the ends of intervals."""
    names = dict.fromkeys(name for row in rows for name in row)
    ends = {f"{name}{end}" for name in names for end in (LOW_SUFFIX, HIGH_SUFFIX)}
    return [name for name in names if name not in ends]


def format_cell(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def format_interval(row: ResultRow, name: str) -> str:
    """The interval of a measure in a row; nothing where it has none."""
    low, high = row.get(f"{name}{LOW_SUFFIX}"), row.get(f"{name}{HIGH_SUFFIX}")
    return f"{low:.2f} to {high:.2f}" if isinstance(low, float) and isinstance(high, float) else ""


def write_results(rows: Sequence[ResultRow], path: Path, gains: Sequence[ResultRow] = ()) -> None:
    """Writes `{"rows": [...]}`, with `"gains"` beside it where there are any."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"rows": list(rows), **({"gains": list(gains)} if gains else {})}
    path.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


Share = tuple[float, float]
"""What an example adds above and below the line of a measure."""

NO_SHARE: Share = (0.0, 0.0)


def share(score: float | None) -> Share:
    """An example's share in a mean; one without a score does not count."""
    return NO_SHARE if score is None else (score, 1.0)


@dataclass(frozen=True, slots=True)
class ScoredExample:
    """One example: what was asked, what the system said to it, and its share in each measure."""

    id: str
    conversation: str
    asked: str
    said: str
    shares: Mapping[str, Share]


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What `system` got on a set of examples of one task: `rewrite`, `answer` or `retrieve`.

    label: tells results on the same set apart, such as the form of a search.
    """

    task: str
    set: str
    system: str
    scored: tuple[ScoredExample, ...]
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
        """The measures in which examples have shares, with their intervals; None for a share of nothing."""
        if not self.scored:
            return {}
        figures = self.figures(self.measures)
        return {name: Interval.of(figures[:, column]) for column, name in enumerate(self.measures)}

    def figures(self, measures: Sequence[str]) -> FloatArray:
        """[1 + resamples, measures]; see `resample`. All examples have a share in the measures."""
        shares = np.array([[one.shares[name] for name in measures] for one in self.scored])
        return resample(shares[..., 0], shares[..., 1], [one.conversation for one in self.scored])

    def with_whole(self, **measures: float | None) -> Self:
        return replace(self, whole={**self.whole, **measures})

    def row(self) -> ResultRow:
        """The measures; `_low` and `_high` after a name are the ends of its interval."""
        cells: dict[str, Cell] = {"set": self.set, "system": self.system, **self.label, "n": len(self.scored)}
        for name, interval in self.intervals().items():
            cells |= interval_cells(name, interval)
        return {**cells, **self.whole}


def interval_cells(name: str, interval: Interval | None) -> dict[str, Cell]:
    """An interval as cells of a row."""
    if interval is None:
        return {name: None}
    return {name: interval.value, f"{name}{LOW_SUFFIX}": interval.low, f"{name}{HIGH_SUFFIX}": interval.high}


def result_rows(results: Sequence[EvaluationResult]) -> list[ResultRow]:
    return [result.row() for result in results]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The results of a candidate and others on the same examples."""

    candidate: EvaluationResult
    others: tuple[EvaluationResult, ...]

    def __post_init__(self) -> None:
        asked = [one.id for one in self.candidate.scored]
        for other in self.others:
            if [one.id for one in other.scored] != asked:
                raise ValueError(f"{self.candidate.system} and {other.system} had other rows of {other.set}")

    @property
    def results(self) -> tuple[EvaluationResult, ...]:
        return (self.candidate, *self.others)

    @property
    def conversations(self) -> int:
        return len({one.conversation for one in self.candidate.scored})

    def beside(self, system: str) -> EvaluationResult | None:
        """The result of `system`; None if it is not part of the comparison."""
        return next((other for other in self.others if other.system == system), None)

    def gains(self, other: EvaluationResult) -> dict[str, Interval | None]:
        """The candidate's measures minus those of `other`; None if either has none."""
        gains: dict[str, Interval | None] = {}
        if names := self.candidate.measures:
            risen = self.candidate.figures(names) - other.figures(names)
            gains = {name: Interval.of(risen[:, column]) for column, name in enumerate(names)}
        for name, figure in self.candidate.whole.items():
            theirs = other.whole.get(name)
            gains[name] = None if figure is None or theirs is None else Interval(figure - theirs)
        return gains

    def gain_rows(self) -> list[ResultRow]:
        """One row for each of the others: the candidate's measures minus theirs."""
        return [self._gain_row(other) for other in self.others]

    def _gain_row(self, other: EvaluationResult) -> ResultRow:
        ours = self.candidate
        cells: dict[str, Cell] = {"set": ours.set, "system": ours.system, "against": other.system}
        cells |= {**ours.label, "n": len(ours.scored)}
        for name, gain in self.gains(other).items():
            cells |= interval_cells(name, gain)
        return cells


def compare(results: Sequence[EvaluationResult], candidate: str) -> list[Comparison]:
    """One comparison for each set that the system `candidate` was measured on; the others in their order.

    A system that occurs again on the same set, as the questions without any rewriting do, counts once. Raises
    ValueError if two systems had other examples of a set.
    """
    first: dict[tuple[tuple[str, ...], str], EvaluationResult] = {}
    for result in results:
        first.setdefault((result.key, result.system), result)
    return [
        Comparison(ours, tuple(r for (key, _), r in first.items() if key == ours.key and r is not ours))
        for (_, system), ours in first.items()
        if system == candidate
    ]
