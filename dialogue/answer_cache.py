"""A cache of answers: a repeated question over the same passages is answered without the model.

An answer is made from the standalone query, the passages and the language alone: the prompt holds nothing else, and
the checks read nothing else. These are the key, so a new snapshot, other rights or another collection, which give other
passages, give another key. That is also why one person may get an answer that was made for another one: who asks the
same question, and may read the same passages, learns nothing that the model would not have written for them. A name or
a number in a query is only ever shown to people who wrote it themselves.

Only answers with citations are kept; an abstention, a failed and a cancelled answer are not. A cache belongs to the
models and the voice that filled it: another release starts with an empty one.
"""

import hashlib
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from dialogue.conversation import Passage
from dialogue.grounding import GroundedReply

MAX_AGE = 3600.0
"""Seconds that an answer is kept: another process may have erased a person or stored a thumbs-down meanwhile."""
FINAL_PUNCTUATION = re.compile(r"[\s.!?。！？…]+$")

Key = tuple[str, str, str]
"""The normalized query, the language, and a digest of the passages."""


@dataclass(frozen=True, slots=True)
class _Entry:
    reply: GroundedReply
    made: float


class AnswerCache:
    """In memory, for one process. Keeps the `size` answers that were used last; 0 keeps none."""

    def __init__(self, size: int, clock: Callable[[], float] = monotonic) -> None:
        self._size = size
        self._clock = clock
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, query: str, language: str, passages: Sequence[Passage]) -> GroundedReply | None:
        """The answer to this query from these passages, if there was one within MAX_AGE."""
        self._drop_expired()
        key = _key(query, language, passages)
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry.reply

    def put(self, query: str, language: str, passages: Sequence[Passage], reply: GroundedReply) -> None:
        """Keep a finished answer. An abstention, or one without citations, is not kept."""
        if reply.abstained or not reply.citations or not self._size:
            return
        key = _key(query, language, passages)
        self._entries[key] = _Entry(reply, self._clock())
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def remove(self, query: str) -> None:
        """Forget all answers to a query, in any language and from any passages: one of them was rated down."""
        normalized = normalize(query)
        for key in [key for key in self._entries if key[0] == normalized]:
            del self._entries[key]

    def clear(self) -> None:
        """Forget everything: a person is erased, and queries may hold their words."""
        self._entries.clear()

    def _drop_expired(self) -> None:
        oldest = self._clock() - MAX_AGE
        for key in [key for key, entry in self._entries.items() if entry.made < oldest]:
            del self._entries[key]


def normalize(query: str) -> str:
    """The query without what does not change its meaning: case, white space, final punctuation."""
    folded = unicodedata.normalize("NFKC", query).casefold()
    return " ".join(FINAL_PUNCTUATION.sub("", folded).split())


def _key(query: str, language: str, passages: Sequence[Passage]) -> Key:
    shown = [(passage.chunk, passage.title, passage.source, passage.text) for passage in passages]
    return normalize(query), language, hashlib.sha256(repr(shown).encode("utf-8", "replace")).hexdigest()
