"""Batches are of like length, steps are mixed, and nothing is read twice."""

from statistics import mean

from hypothesis import given
from hypothesis import strategies as st

from finetune.training.supervised import MixedLengthSampler

TWO_TASKS = [20, 300] * 400


def batches(lengths: list[int], size: int = 4, seed: int = 17) -> list[list[int]]:
    return [
        [lengths[i] for i in some] for some in pieces(list(MixedLengthSampler(lengths, size, seed)), size)
    ]


def pieces(indices: list[int], size: int) -> list[list[int]]:
    return [indices[start : start + size] for start in range(0, len(indices), size)]


@given(st.lists(st.integers(1, 900), max_size=300), st.integers(1, 9), st.integers(0, 3))
def test_every_example_is_read_once_an_epoch(lengths: list[int], batch: int, epoch: int) -> None:
    order = MixedLengthSampler(lengths, batch, seed=17)
    order.set_epoch(epoch)
    assert sorted(order) == list(range(len(lengths))) and len(order) == len(lengths)


def test_a_batch_is_of_like_length() -> None:
    assert mean(len(set(batch)) == 1 for batch in batches(TWO_TASKS)) > 0.9


def test_a_step_reads_of_both_tasks() -> None:
    steps = pieces([sum(batch) / len(batch) for batch in batches(TWO_TASKS)], 4)
    assert mean(len(set(step)) > 1 for step in steps) > 0.8


def test_the_same_seed_and_epoch_give_the_same_order() -> None:
    order = MixedLengthSampler(TWO_TASKS, 4, seed=17)
    first = list(order)
    assert first == list(order)
    order.set_epoch(1)
    assert first != list(order)
    assert first != list(MixedLengthSampler(TWO_TASKS, 4, seed=18))
