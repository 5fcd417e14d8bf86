"""Replaces personal data in an exchange by placeholders: <EMAIL> <PHONE> <CARD> <IBAN> <ADDRESS> <ID> <NAME>.

What stands in the passages that were shown is the documents' own and stays: an answer must be able to give the
number of the help desk. Knows whose words are whose; finding personal data is left to the recognisers.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from dialogue.conversation import Turn
from finetune.datasets.log import Exchange, Opinion
from finetune.datasets.names import names, places_of
from finetune.datasets.recognisers import RECOGNISERS

Found = tuple[int, int, str]
"""Start, end and type."""

FULLWIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
"""Digits and letters as Chinese keyboards type them, one for one."""
NAME = "NAME"
SHORTEST_NAME = 2
"""Characters of a name that is looked for beyond where it was told."""


class Redactor:
    """counts: what was replaced in questions, answers and corrections, by type."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def exchange(self, exchange: Exchange, opinions: Sequence[Opinion]) -> Exchange:
        """The exchange with those `opinions` alone, all of it without personal data."""
        public = "\n".join(f"{passage.title}\n{passage.text}" for passage in exchange.passages)
        told = _names(exchange, opinions)
        before, now = _Words(public, told), _Words(public, told)
        clean = replace(
            exchange,
            history=tuple(_turn(turn, before) for turn in exchange.history),
            question=_turn(exchange.question, now),
            answer=_turn(exchange.answer, now),
            opinions=tuple(_opinion(opinion, now) for opinion in opinions),
        )
        self.counts += now.counts
        return clean


class _Words:
    """Redacts the words of one exchange. public: the documents' own words. told: names of people."""

    def __init__(self, public: str, told: frozenset[str]) -> None:
        self._public = public
        people = (name for name in told if not any(places_of(name, public)))
        self._told = sorted(people, key=lambda name: (-len(name), name))
        self.counts: Counter[str] = Counter()

    def redacted(self, text: str) -> str:
        parts, place = [], 0
        for start, end, kind in self._chosen(text):
            parts += [text[place:start], f"<{kind}>"]
            place = end
            self.counts[kind] += 1
        return "".join([*parts, text[place:]])

    def _chosen(self, text: str) -> list[Found]:
        """What is to be replaced, in order and without overlaps."""
        private = (span for span in found(text) if text[span[0] : span[1]] not in self._public)
        named = ((a, b, NAME) for name in self._told for a, b in places_of(name, text))
        chosen: list[Found] = []
        for start, end, kind in (*private, *named):
            if all(end <= a or start >= b for a, b, _ in chosen):
                chosen.append((start, end, kind))
        return sorted(chosen)


@lru_cache(maxsize=4096)
def found(text: str) -> tuple[Found, ...]:
    """Personal data but names in a text, the surest kinds first; spans may overlap."""
    plain = text.translate(FULLWIDTH)
    return tuple((start, end, kind) for kind, seek in RECOGNISERS.items() for start, end in seek(plain))


def _names(exchange: Exchange, opinions: Sequence[Opinion]) -> frozenset[str]:
    """The names that anybody told in the exchange, their parts too: who says "Ada Lovelace" is greeted as Ada."""
    texts = [turn.text for turn in (*exchange.history, exchange.question, exchange.answer)]
    texts += [opinion.correction for opinion in opinions if opinion.correction]
    return frozenset(_with_parts(name for text in texts for name in names(text)))


def _with_parts(told: Iterable[str]) -> Iterable[str]:
    for name in told:
        yield name
        yield from (part for part in name.split() if len(part) > SHORTEST_NAME)


def _turn(turn: Turn, words: _Words) -> Turn:
    query = words.redacted(turn.query) if turn.query else turn.query
    return replace(turn, text=words.redacted(turn.text), query=query)


def _opinion(opinion: Opinion, words: _Words) -> Opinion:
    correction = words.redacted(opinion.correction) if opinion.correction else opinion.correction
    return replace(opinion, correction=correction)
