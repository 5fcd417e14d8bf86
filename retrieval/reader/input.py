"""What the reader reads of a question and a passage, as token ids, and which of them are those of each unit.

    <s> question </s> </s> title > heading, unit, unit, ... </s>

Question, titles and units (`retrieval.units`) are tokenized one by one, so that the tokens of a unit are known without
offsets. No prefixes. Training and serving both read through here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retrieval.encoders.unigram import Special, UnigramTokenizer
from retrieval.sentences import Span
from retrieval.units import read_units

LONGEST = 320
"""Most tokens of a question and its passage together."""
LONGEST_QUESTION, LONGEST_TITLES = 96, 48
_CHARACTERS = 4 * LONGEST_QUESTION
"""Of a question at most: what is more would be cut by the tokenizer, at its end."""


@dataclass(frozen=True, slots=True)
class ReaderPassage:
    """units: the texts that are judged one by one, in order."""

    titles: str
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReaderInput:
    """ids: the tokens. units: for each unit of the passage where its tokens begin and end; empty if it was cut off."""

    ids: tuple[int, ...]
    units: tuple[Span, ...]


def passage_of(title: str, heading: str, text: str) -> ReaderPassage:
    """A chunk as the reader reads it; titles that the text has as a line of its own are left out.

    heading: the titles above the text, joined with ` > `, as a chunk has them.
    """
    own = {line.lstrip("# ").strip() for line in text.splitlines()}
    titles = [each for each in (title, *heading.split(" > ")) if each and each not in own]
    units = tuple(text[slice(*unit.span)] for unit in read_units(text))
    return ReaderPassage(" > ".join(dict.fromkeys(titles)), units)


class ReaderTokenizer:
    """Reads questions and passages with an encoder's tokenizer."""

    def __init__(self, tokenizer: UnigramTokenizer, special: Special) -> None:
        self._tokenizer = tokenizer
        self._special = special

    def inputs(self, question: str, passages: Sequence[ReaderPassage]) -> list[ReaderInput]:
        """One input for each passage. Of a long question the end is read, of a long passage the beginning."""
        texts = [question[-_CHARACTERS:], *(text for each in passages for text in (each.titles, *each.units))]
        pieces = (ids[1:-1] for ids in self._tokenizer.encode(texts))
        asked = next(pieces)[-LONGEST_QUESTION:]
        return [
            self._input(asked, next(pieces)[:LONGEST_TITLES], [next(pieces) for _ in each.units])
            for each in passages
        ]

    def _input(self, asked: list[int], titles: list[int], units: Sequence[list[int]]) -> ReaderInput:
        special = self._special
        head = [special.begin, *asked, special.end, special.end, *titles]
        body = [id for unit in units for id in unit]
        ids = (*head, *body[: LONGEST - 1 - len(head)], special.end)
        return ReaderInput(ids, tuple(_spans(units, len(head), len(ids) - 1)))


def _spans(units: Sequence[list[int]], start: int, end: int) -> Iterator[Span]:
    for unit in units:
        yield min(start, end), min(start + len(unit), end)
        start += len(unit)
