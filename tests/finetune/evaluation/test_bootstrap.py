import numpy as np
import pytest

from finetune.evaluation.results import RESAMPLES, Interval, resample


def drawn(scores, clusters=None, wholes=None):
    parts = np.array(scores, float).reshape(len(scores), -1)
    wholes = np.ones_like(parts) if wholes is None else np.array(wholes, float).reshape(parts.shape)
    return resample(parts, wholes, clusters or [str(n) for n in range(len(scores))])


def interval(scores, clusters=None, wholes=None):
    return Interval.of(drawn(scores, clusters, wholes)[:, 0])


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution_where_there_are_many_rows():
    scores = np.random.default_rng(1).normal(0.5, 0.2, 2000)
    found = interval(scores)
    spread = 1.96 * scores.std() / np.sqrt(len(scores))
    assert found.value == pytest.approx(scores.mean())
    assert found.low == pytest.approx(scores.mean() - spread, abs=spread / 10)
    assert found.high == pytest.approx(scores.mean() + spread, abs=spread / 10)


def test_nine_of_ten_intervals_or_more_hold_the_truth():
    random = np.random.default_rng(2)
    found = [interval(random.binomial(1, 0.4, 60)) for _ in range(100)]
    assert sum(one.low <= 0.4 <= one.high for one in found) >= 90


def test_the_same_rows_give_the_same_interval():
    assert interval([0.1, 0.5, 0.9]) == interval([0.1, 0.5, 0.9])


def test_rows_of_one_conversation_say_little_more_than_one_row():
    ten = list(np.linspace(0, 1, 10))
    repeated = [score for score in ten for _ in range(20)]
    clusters = [str(n // 20) for n in range(200)]
    apart, together = interval(repeated), interval(repeated, clusters)
    assert together.high - together.low > 3 * (apart.high - apart.low)
    assert together == interval(ten)


def test_a_ratio_of_sums_is_resampled_as_a_whole():
    # Two conversations: 1 of 1, and 0 of 3.
    found = interval([1, 0], wholes=[1, 3])
    assert found.value == 0.25
    assert (found.low, found.high) == (0, 1)


def test_one_conversation_gives_no_range():
    assert interval([0.2, 0.8], ["a", "a"]) == Interval(0.5)


def test_a_share_of_nothing_has_no_interval():
    assert interval([0, 0], wholes=[0, 0]) is None


def test_rows_that_rarely_count_give_no_range():
    assert interval([1.0, 0.0], wholes=[1, 0]).low == 1.0
    rare = interval([1.0, *[0.0] * 99], wholes=[1, *[0] * 99])
    assert rare.value == 1


def test_two_systems_are_drawn_alike_so_that_a_small_difference_shows():
    scores = np.random.default_rng(3).uniform(0, 1, 100)
    better = drawn(scores + 0.01)[:, 0] - drawn(scores)[:, 0]
    found = Interval.of(better)
    assert found.low == pytest.approx(0.01)
    assert found.high == pytest.approx(0.01)


def test_there_is_one_figure_for_all_rows_and_one_for_each_resample():
    assert drawn([[0.5, 0.1], [0.7, 0.3]]).shape == (1 + RESAMPLES, 2)
