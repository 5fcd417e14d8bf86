"""Decides whether a candidate may be promoted: confidently better on its target, and not clearly worse elsewhere.

A pure function of comparisons; promoting the release is up to the caller.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from finetune.evaluation.results import Comparison, EvaluationResult, Interval

NO_DECISIVE_SET = (
    "There is no set to be better on: the log's test share is empty. Name a set that you checked with --frozen, "
    "or wait until more people have given feedback."
)


@dataclass(frozen=True, slots=True)
class Guard:
    """By how much a measure may get worse, in its own unit or, if `relative`, as a share of the value of the other."""

    tolerance: float
    relative: bool = False
    lower_is_better: bool = False

    def is_broken(self, gain: Interval, theirs: float) -> bool:
        """Whether a measure is worse than `theirs` by more than the tolerance, and not by chance.

        gain: the candidate's measure less theirs; without an interval it is as sure as can be.
        """
        worse = gain.value if self.lower_is_better else -gain.value
        limit = self.tolerance * theirs if self.relative else self.tolerance
        return worse > limit and self._sure(gain)

    def _sure(self, gain: Interval) -> bool:
        if gain.low is None or gain.high is None:
            return True
        return gain.low > 0 if self.lower_is_better else gain.high < 0


SPEED_AND_SIZE = {
    "seconds": Guard(0.25, relative=True, lower_is_better=True),
    "bytes": Guard(0.25, relative=True, lower_is_better=True),
}
GUARDS: Mapping[str, Mapping[str, Guard]] = {
    "rewrite": {"exact_match": Guard(0.02), "rouge_l": Guard(0.02), **SPEED_AND_SIZE},
    "answer": {
        "token_f1": Guard(0.02),
        "k_precision": Guard(0.03),
        "citation_precision": Guard(0.03),
        "citation_recall": Guard(0.03),
        "abstention_f1": Guard(0.03),
        **SPEED_AND_SIZE,
    },
    "retrieve": {"recall_at_5": Guard(0.01), "ndcg_at_5": Guard(0.01)},
}
"""By task, on every set."""
TARGETS: Mapping[str, str] = {"rewrite": "rouge_l", "answer": "token_f1", "retrieve": "ndcg_at_5"}
"""What a release for a task has to improve."""


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """conversations: with fewer than this, a set cannot show that a candidate is better."""

    targets: Mapping[str, str] = field(default_factory=lambda: TARGETS)
    guards: Mapping[str, Mapping[str, Guard]] = field(default_factory=lambda: GUARDS)
    conversations: int = 20


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the candidate goes live, and why: sentences with figures."""

    promote: bool
    reasons: tuple[str, ...]


def decide(
    decisive: Sequence[Comparison],
    others: Sequence[Comparison],
    live: str,
    base: str,
    tasks: Collection[str],
    policy: GatePolicy | None = None,
) -> Decision:
    """Decides from comparisons of one candidate with the systems `live` and `base`, which may be the same.

    On one of the `decisive` sets, the examples of the deployment's own logs and those that its operator checked, the
    target of a task has to be better than the live one's. Nothing that is guarded may be worse on any set: than the
    live one, nor than the base, so that tolerated losses do not add up from release to release. Each of the
    candidate's `tasks` has to be measured.
    """
    policy = policy or GatePolicy()
    better: list[str] = []
    doubts: list[str] = []
    for comparison in decisive:
        known, sentence = _judge_target(comparison, live, policy)
        (better if known else doubts).append(sentence)
    measured = {comparison.candidate.task for comparison in (*decisive, *others)}
    losses = [
        f"{task} was not measured: give a --frozen set for it." for task in tasks if task not in measured
    ]
    losses += [
        loss
        for comparison in (*decisive, *others)
        for other in comparison.others
        if other.system in (live, base)
        for loss in _find_losses(comparison, other, policy)
    ]
    if better and not losses:
        losses.append("Nothing that is guarded is worse beyond what is tolerated.")
        return Decision(True, (*better, *doubts, *losses))
    return Decision(False, (*better, *doubts, *losses) or (NO_DECISIVE_SET,))


def _judge_target(comparison: Comparison, live: str, policy: GatePolicy) -> tuple[bool, str]:
    """Whether the candidate is better with confidence, and a sentence about it."""
    name = policy.targets[comparison.candidate.task]
    other = comparison.beside(live)
    gain = comparison.gains(other).get(name) if other else None
    if other is None or gain is None:
        return False, f"{_title(name, comparison)} cannot be compared with {live}'s."
    change = _describe_change(name, comparison, other, gain)
    if comparison.conversations < policy.conversations:
        few = f"{comparison.conversations} conversations, and it takes {policy.conversations} to tell"
        return False, f"{change}: the set holds {few}."
    if gain.low is None or gain.low <= 0:
        return False, f"{change}: not better with confidence."
    return True, f"{change}: better with confidence."


def _find_losses(comparison: Comparison, other: EvaluationResult, policy: GatePolicy) -> Iterator[str]:
    """A sentence for every guarded measure that is worse than that of `other`."""
    gains = comparison.gains(other)
    for name, guard in policy.guards[comparison.candidate.task].items():
        gain = gains.get(name)
        theirs = other.value(name)
        if gain is not None and theirs is not None and guard.is_broken(gain, theirs):
            limit = f"{guard.tolerance:.0%}" if guard.relative else f"{guard.tolerance:g}"
            yield f"{_describe_change(name, comparison, other, gain)}: worse, and {limit} is tolerated."


def _describe_change(name: str, comparison: Comparison, other: EvaluationResult, gain: Interval) -> str:
    """`rouge l of rewrite dev is 0.512, 0.034 above that of base (+0.011 to +0.056)`."""
    ours = comparison.candidate.value(name) or 0.0
    risen = f"{_format_value(abs(gain.value))} {'above' if gain.value >= 0 else 'below'}"
    said = f"{_title(name, comparison)} is {_format_value(ours)}, {risen} that of {other.system}"
    if gain.low is None or gain.high is None:
        return said
    return f"{said} ({gain.low:+.3f} to {gain.high:+.3f})"


def _title(name: str, comparison: Comparison) -> str:
    return f"{name.replace('_', ' ')} of {' '.join(comparison.candidate.key)}"


def _format_value(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3f}"
