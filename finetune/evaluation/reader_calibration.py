"""Fits how the reader's logits are used beside the search, on development sets."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from finetune.evaluation.reader import BY_BOTH, ReadCase
from retrieval.reader.weights import Calibration

RANKS = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.5)
_THRESHOLDS = np.linspace(0.05, 0.95, 37)
_PASSES = 50


def calibrated(sets: Sequence[Sequence[ReadCase]]) -> Calibration:
    """What suits development sets best; each of them counts the same."""
    cases = list(chain.from_iterable(sets))
    rank = max(RANKS, key=lambda rank: sum(_reciprocal_rank(of, Calibration(rank=rank)) for of in sets))
    weights = np.concatenate([np.full(len(known), 1 / max(1, len(known))) for known in map(_known, sets)])
    known = _known(cases)
    features = np.array([[each.answers, max(each.case.found), 1.0] for each in known])
    right = np.array([bool(each.case.answerable) for each in known])
    answers, search, bias = _logistic(features, right, weights)
    if answers < 0:  # a reader that knows less than nothing has no say
        answers, search, bias = _logistic(features * (0, 1, 1), right, weights)
    return Calibration(rank, answers, search, bias, _threshold(cases))


def _known(cases: Sequence[ReadCase]) -> list[ReadCase]:
    return [each for each in cases if each.case.answerable is not None]


def _reciprocal_rank(cases: Sequence[ReadCase], calibration: Calibration) -> float:
    ranked = [each.ranked(BY_BOTH, calibration) for each in cases if each.relevant]
    return float(np.mean([1 / (1 + of.index(True)) for of in ranked])) if ranked else 0.0


def _logistic(
    features: NDArray[np.float64], right: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Logistic regression by Newton's method, held a little towards 0; the last feature is the constant."""
    found = np.zeros(features.shape[1])
    held = np.diag([1e-3, 1e-3, 0.0])
    for _ in range(_PASSES if len(features) else 0):
        probability = 1 / (1 + np.exp(-np.clip(features @ found, -30, 30)))
        gradient = features.T @ (weights * (right - probability)) - held @ found
        curvature = (features * (weights * probability * (1 - probability))[:, None]).T @ features + held
        found += np.linalg.solve(curvature + 1e-9 * np.eye(len(found)), gradient)
    answers, search, bias = found.tolist()
    return answers, search, bias


def _threshold(cases: Sequence[ReadCase]) -> float:
    """The least evidence of a unit with which its F1 is best."""
    units = list(chain.from_iterable(each.units() for each in cases))
    if not units:
        return Calibration().evidence
    evidence, right = (np.array(column) for column in zip(*units, strict=True))

    def f1(least: float) -> float:
        chosen = evidence >= least
        return float(2 * (chosen & right).sum() / max(1, chosen.sum() + right.sum()))

    return float(max(_THRESHOLDS, key=f1))
