"""What of a prompt need not be read again, followed block by block."""

from hypothesis import given
from hypothesis import strategies as st

from dialogue.engines.prefixes import CachedPrefixes


def test_whole_blocks_of_a_beginning_count():
    prefixes = CachedPrefixes(100, block=4)
    prefixes.add(range(10))
    assert prefixes.cached([*range(10), 99]) == 8
    assert prefixes.cached([*range(7), 99]) == 4
    assert prefixes.cached([1, *range(1, 10)]) == 0


def test_the_last_token_is_always_read():
    prefixes = CachedPrefixes(100, block=4)
    prefixes.add(range(8))
    assert prefixes.cached(range(8)) == 4


def test_what_was_not_used_for_longest_is_dropped_from_its_end():
    prefixes = CachedPrefixes(3, block=2)
    prefixes.add([1, 1, 2, 2])
    prefixes.add([3, 3, 4, 4])
    assert prefixes.cached([1, 1, 2, 2, 0]) == 2
    assert prefixes.cached([3, 3, 4, 4, 0]) == 4


@given(
    st.lists(st.lists(st.integers(0, 1), max_size=20), max_size=6), st.lists(st.integers(0, 1), max_size=20)
)
def test_it_is_the_longest_beginning_shared_with_a_prompt_in_whole_blocks(read, prompt):
    prefixes = CachedPrefixes(1000, block=3)
    for tokens in read:
        prefixes.add(tokens)
    most = max(
        (n for n in range(0, len(prompt), 3) if any(prompt[:n] == tokens[:n] for tokens in read)), default=0
    )
    assert prefixes.cached(prompt) == (most if read else 0)
