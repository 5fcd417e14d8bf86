"""Decides whose ratings count: at most so many per rater, and none from raters who keep contradicting the others."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from finetune.datasets.filters import NearDuplicates
from finetune.datasets.log import AnswerFeedback, FeedbackEntry

MIN_SHARED_RATINGS = 4
"""Ratings of a rater that others must have judged too, before the rater can be distrusted."""
MIN_AGREEMENT = 0.5
"""Share of these that must agree with what most others said."""


class RaterAgreement:
    """Every rating of the log, one voice a rater, by what it is about. Grows with the ratings, not with their words."""

    def __init__(self) -> None:
        self._alike = NearDuplicates()
        self._votes: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        self._judged: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, rated: AnswerFeedback) -> None:
        said = rated.opinion
        about = self._alike.first_like(f"{said.conversation}:{said.turn}", f"{rated.query}\n{rated.answer}")
        self._votes[about][said.rater] = said.up
        self._judged[said.rater].add(about)

    def distrusted(self) -> frozenset[str]:
        """Raters who contradict the majority of the others on nearly the same answers more often than not."""
        balances = {about: sum(map(_sign, votes.values())) for about, votes in self._votes.items()}
        return frozenset(rater for rater in self._judged if not self._agrees(rater, balances))

    def _agrees(self, rater: str, balances: Mapping[str, int]) -> bool:
        own = ((about, self._votes[about][rater]) for about in self._judged[rater])
        agreed = [up == (others > 0) for about, up in own if (others := balances[about] - _sign(up))]
        return len(agreed) < MIN_SHARED_RATINGS or sum(agreed) >= MIN_AGREEMENT * len(agreed)


def _sign(up: bool) -> int:
    return 1 if up else -1


class RaterFilter:
    """Lets opinions pass, in the order of the log, and counts those that do not."""

    def __init__(self, distrusted: frozenset[str], per_rater: int) -> None:
        self._distrusted = distrusted
        self._per_rater = per_rater
        self._heard: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()

    def of(self, opinions: Iterable[FeedbackEntry]) -> list[FeedbackEntry]:
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
