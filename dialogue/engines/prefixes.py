"""Which beginnings of prompts an engine with a prefix cache need not read again.

OpenVINO GenAI does not say what it found in its cache, so this follows it: the cache keeps blocks of tokens, each
known by itself and all before it, and drops those that were not used for longest. It may know part of one more block,
which is not counted. Knows no engine.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence

BLOCK = 32
"""Tokens of a block in OpenVINO's cache on a CPU."""


class CachedPrefixes:
    """The `capacity` blocks of prompts that were used last."""

    def __init__(self, capacity: int, block: int = BLOCK) -> None:
        self._capacity = capacity
        self._block = block
        self._blocks: OrderedDict[int, None] = OrderedDict()

    def cached(self, tokens: Sequence[int]) -> int:
        """How many tokens at the beginning are in whole blocks that were read; the last token is always read."""
        found = 0
        for name in self._names(tokens[:-1]):
            if name not in self._blocks:
                break
            found += self._block
        return found

    def add(self, tokens: Sequence[int]) -> None:
        """They have been read. Of one prompt, the last blocks are dropped first: the others are of use without them."""
        for name in reversed(list(self._names(tokens))):
            self._blocks[name] = None
            self._blocks.move_to_end(name)
        while len(self._blocks) > self._capacity:
            self._blocks.popitem(last=False)

    def _names(self, tokens: Sequence[int]) -> Iterator[int]:
        name = 0
        for end in range(self._block, len(tokens) + 1, self._block):
            name = hash((name, *tokens[end - self._block : end]))
            yield name
