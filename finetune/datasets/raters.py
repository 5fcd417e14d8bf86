"""Decides whose ratings count: a limited number per rater, and none from raters who keep contradicting the others."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from finetune.datasets.filters import NearDuplicates
from finetune.datasets.log import AnswerFeedback, FeedbackEntry

MIN_SHARED_RATINGS = 4
"""A rater can only be distrusted after rating this many answers that others rated too."""
MIN_AGREEMENT = 0.5
"""The share of these ratings that must agree with the majority of the others."""


class RaterAgreement:
    """All ratings of the log by answer, one vote per rater. Memory grows with their number, not their length."""

    def __init__(self) -> None:
        self._alike = NearDuplicates()
        self._votes: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        self._judged: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, rated: AnswerFeedback) -> None:
        said = rated.entry
        about = self._alike.first_like(f"{said.conversation}:{said.turn}", f"{rated.query}\n{rated.answer}")
        self._votes[about][said.rater] = said.up
        self._judged[said.rater].add(about)

    def distrusted(self) -> frozenset[str]:
        """Raters who more often than not contradict the majority of the others about nearly the same answers."""
        balances = {about: sum(map(_sign, votes.values())) for about, votes in self._votes.items()}
        return frozenset(rater for rater in self._judged if not self._agrees(rater, balances))

    def _agrees(self, rater: str, balances: Mapping[str, int]) -> bool:
        own = ((about, self._votes[about][rater]) for about in self._judged[rater])
        agreed = [up == (others > 0) for about, up in own if (others := balances[about] - _sign(up))]
        return len(agreed) < MIN_SHARED_RATINGS or sum(agreed) >= MIN_AGREEMENT * len(agreed)


def _sign(up: bool) -> int:
    return 1 if up else -1


class RaterFilter:
    """Passes on the feedback that counts, in the order of the log. dropped: how much does not count, by reason."""

    def __init__(self, distrusted: frozenset[str], per_rater: int) -> None:
        self._distrusted = distrusted
        self._per_rater = per_rater
        self._seen: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()

    def trusted(self, feedback: Iterable[FeedbackEntry]) -> list[FeedbackEntry]:
        return [entry for entry in feedback if self._counts(entry.rater)]

    def _counts(self, rater: str) -> bool:
        self._seen[rater] += 1
        if rater in self._distrusted:
            self.dropped["distrusted rater"] += 1
        elif self._seen[rater] > self._per_rater:
            self.dropped["rater over cap"] += 1
        else:
            return True
        return False
