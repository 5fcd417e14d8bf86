import pytest

from finetune.evaluation.ranking import ndcg_at, recall_at


def test_recall_is_the_share_of_what_is_relevant():
    relevant = {"a": 1, "b": 1, "c": 1, "d": 1}
    assert recall_at(3, ["a", "x", "b", "c"], relevant) == 0.5
    assert recall_at(3, [], relevant) == 0


def test_ndcg_is_one_for_the_best_order_and_less_for_a_later_place():
    relevant = {"a": 2, "b": 1}
    assert ndcg_at(5, ["a", "b", "x"], relevant) == 1
    assert ndcg_at(5, ["x", "a", "b"], relevant) == pytest.approx(
        (2 / 1.58496 + 1 / 2) / (2 + 1 / 1.58496), abs=1e-5
    )
    assert ndcg_at(5, ["x", "y"], relevant) == 0


def test_ndcg_expects_no_more_than_fits_the_cut():
    assert ndcg_at(1, ["a"], {"a": 1, "b": 1, "c": 1}) == 1


def test_grades_count():
    relevant = {"a": 3, "b": 1}
    assert ndcg_at(5, ["b", "a"], relevant) < ndcg_at(5, ["a", "b"], relevant)
