"""Whose word counts: no rater more often than a cap, and nobody who keeps contradicting all others.

Knows opinions; knows nothing of what they are about but which answers are nearly the same.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from finetune.datasets.duplicates import Duplicates
from finetune.datasets.log import Opinion, Rated

JUDGED = 4
"""Ratings of a rater that others must have judged too, before the rater can be distrusted."""
AGREEING = 0.5
"""Share of these that must agree with what most others said."""


@dataclass
class Ballots:
    """Every rating of the log, by what it is about. Grows with the ratings, not with their words."""

    _alike: Duplicates = field(default_factory=Duplicates)
    _votes: dict[str, Counter[bool]] = field(default_factory=lambda: defaultdict(Counter))
    _cast: dict[str, list[tuple[str, bool]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, rated: Rated) -> None:
        said = rated.opinion
        about = self._alike.first_like(f"{said.conversation}:{said.turn}", f"{rated.query}\n{rated.answer}")
        self._votes[about][said.up] += 1
        self._cast[said.rater].append((about, said.up))

    def distrusted(self) -> frozenset[str]:
        """Raters who contradict the majority of the others on nearly the same answers more often than not."""
        return frozenset(rater for rater in self._cast if not self._agrees(rater))

    def _agrees(self, rater: str) -> bool:
        own: dict[str, Counter[bool]] = defaultdict(Counter)
        for about, up in self._cast[rater]:
            own[about][up] += 1
        judged = [
            up == (others > 0)
            for about, up in self._cast[rater]
            if (others := _balance(self._votes[about]) - _balance(own[about]))
        ]
        return len(judged) < JUDGED or sum(judged) >= AGREEING * len(judged)


class Trust:
    """Lets opinions pass, in the order of the log, and counts those that do not."""

    def __init__(self, distrusted: frozenset[str], per_rater: int) -> None:
        self._distrusted = distrusted
        self._per_rater = per_rater
        self._heard: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()

    def of(self, opinions: Iterable[Opinion]) -> list[Opinion]:
        return [opinion for opinion in opinions if self._counts(opinion.rater)]

    def _counts(self, rater: str) -> bool:
        self._heard[rater] += 1
        if rater in self._distrusted:
            self.dropped["distrusted rater"] += 1
        elif self._heard[rater] > self._per_rater:
            self.dropped["rater over cap"] += 1
        else:
            return True
        return False


def _balance(votes: Counter[bool]) -> int:
    return votes[True] - votes[False]
