"""Systems beside each other on the same examples: a candidate, the live release, the base model.

Differences are paired: each example is compared with itself, which tells much smaller differences from chance than two
intervals beside each other do. Knows no measures and no systems.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from finetune.evaluation.bootstrap import Interval
from finetune.evaluation.report import Cell, Row
from finetune.evaluation.scores import Result, spread


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a candidate and others got on the same examples."""

    candidate: Result
    others: tuple[Result, ...]

    def __post_init__(self) -> None:
        asked = [one.id for one in self.candidate.scored]
        for other in self.others:
            if [one.id for one in other.scored] != asked:
                raise ValueError(f"{self.candidate.system} and {other.system} had other rows of {other.set}")

    @property
    def results(self) -> tuple[Result, ...]:
        return (self.candidate, *self.others)

    @property
    def conversations(self) -> int:
        return len({one.conversation for one in self.candidate.scored})

    def beside(self, system: str) -> Result | None:
        """What `system` got; None if it does not take part."""
        return next((other for other in self.others if other.system == system), None)

    def gains(self, other: Result) -> dict[str, Interval | None]:
        """By how much the candidate's measures are above those of `other`; None where either has none."""
        gains: dict[str, Interval | None] = {}
        if names := self.candidate.measures:
            risen = self.candidate.figures(names) - other.figures(names)
            gains = {name: Interval.of(risen[:, column]) for column, name in enumerate(names)}
        for name, figure in self.candidate.whole.items():
            theirs = other.whole.get(name)
            gains[name] = None if figure is None or theirs is None else Interval(figure - theirs)
        return gains

    def gain_rows(self) -> list[Row]:
        """One row for each of the others: the candidate's measures less theirs."""
        return [self._gain_row(other) for other in self.others]

    def _gain_row(self, other: Result) -> Row:
        ours = self.candidate
        cells: dict[str, Cell] = {"set": ours.set, "system": ours.system, "against": other.system}
        cells |= {**ours.label, "n": len(ours.scored)}
        for name, gain in self.gains(other).items():
            cells |= spread(name, gain)
        return cells


def compare(results: Sequence[Result], candidate: str) -> list[Comparison]:
    """One comparison for each set that the system `candidate` was measured on; the others in the order of sight.

    A system that occurs again on the same set, as the questions without any rewriting do, counts once. Raises
    ValueError if two systems had other examples of a set.
    """
    first: dict[tuple[tuple[str, ...], str], Result] = {}
    for result in results:
        first.setdefault((result.key, result.system), result)
    return [
        Comparison(ours, tuple(r for (key, _), r in first.items() if key == ours.key and r is not ours))
        for (_, system), ours in first.items()
        if system == candidate
    ]
