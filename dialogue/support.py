"""Whether passages support a sentence of an answer: its numbers with their units, its names, its words, its negation.

Every number and every name of the sentence has to stand in the passage, its title or the question. Most of its other
words have to, and no whole clause may be without support. `python -m benchmarks.checks` says how often sound answers
pass, and corrupted ones do not. If sentence and passage are in different languages, words cannot be compared.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from dialogue.conversation import Passage
from dialogue.language import CJK, support_terms
from dialogue.names import capitalized, identifiers, squashed
from dialogue.negation import contradicts
from dialogue.quantities import Quantity, follows, mentioned_units, quantities, states
from dialogue.rows import from_other_rows
from dialogue.units import Units
from retrieval.language_detection import language_of

LEAST_SHARE = 0.4
"""Share of a sentence's words that have to be found."""
LONGEST_GAP = 4
LONGEST_GAP_CJK = 6
"""So many words, or characters, in a row that are not found are a clause that was made up."""
LIST_ITEM = re.compile(r"^(?:[-*•–]|\(?\d{1,3}[.)])\s+")
_PREFIX = 5
"""Longer words that begin alike are forms of one word."""


@dataclass(frozen=True)
class Statement:
    """What a sentence claims."""

    sentence: str

    @cached_property
    def terms(self) -> tuple[str, ...]:
        return tuple(support_terms(self.sentence))

    @cached_property
    def quantities(self) -> frozenset[Quantity]:
        return quantities(self.sentence)

    @cached_property
    def identifiers(self) -> frozenset[str]:
        return identifiers(self.sentence)

    @cached_property
    def capitalized(self) -> frozenset[str]:
        return capitalized(self.sentence)


@dataclass(frozen=True)
class SourceText:
    """What a text says that may support claims."""

    text: str

    @cached_property
    def terms(self) -> frozenset[str]:
        found = frozenset(support_terms(self.text))
        return found | {f"{term[:_PREFIX]}…" for term in found if len(term) >= _PREFIX}

    @cached_property
    def quantities(self) -> frozenset[Quantity]:
        return quantities(self.text, every=True)

    @cached_property
    def units(self) -> Units:
        return mentioned_units(self.text)

    @cached_property
    def squashed(self) -> str:
        return squashed(self.text)

    @cached_property
    def language(self) -> str:
        return language_of(self.text)

    def has(self, term: str) -> bool:
        return term in self.terms or f"{term[:_PREFIX]}…" in self.terms

    def is_foreign_to(self, claims: Statement) -> bool:
        """Whether the text is in another language than the sentence."""
        return language_of(claims.sentence, self.language) != self.language


class SupportCheck:
    """What the passages of a turn, and the question, say."""

    def __init__(self, passages: Sequence[Passage], question: str) -> None:
        self._passages = passages
        self._question = SourceText(question)
        self._sources = {p.n: _source(f"{p.title}\n{p.text}") for p in passages}

    def supporting(self, sentence: str, marked: frozenset[int]) -> list[Passage]:
        """The passages that support the sentence: of those that it cites, else the best one; none if none does."""
        claims = Statement(LIST_ITEM.sub("", sentence))
        if not claims.terms and not claims.quantities:
            return []
        cited = [p for p in self._passages if p.n in marked]
        return self._kept(cited, claims) or self._best(claims) or self._kept(cited, claims, foreign=True)

    def _kept(self, cited: list[Passage], claims: Statement, *, foreign: bool = False) -> list[Passage]:
        """Of the cited passages those that support the claims, or all if they do so together."""
        kept = [p for p in cited if self._supports(self._sources[p.n], claims, foreign=foreign)]
        if kept or len(cited) < 2:
            return kept
        together = _source("\n".join(f"{p.title}\n{p.text}" for p in cited))
        return cited if self._supports(together, claims, foreign=foreign) else []

    def _best(self, claims: Statement) -> list[Passage]:
        able = [p for p in self._passages if self._supports(self._sources[p.n], claims)]
        return [max(able, key=lambda p: self._found(self._sources[p.n], claims).count(True))] if able else []

    def _supports(self, source: SourceText, claims: Statement, *, foreign: bool = False) -> bool:
        if not (self._has_quantities(source, claims) and self._has_names(source, claims)):
            return False
        if from_other_rows(claims.quantities, f"{claims.sentence} {self._question.text}", source.text):
            return False
        if source.is_foreign_to(claims):
            return foreign
        return self._has_words(source, claims) and not contradicts(claims.sentence, source.text)

    def _has_quantities(self, source: SourceText, claims: Statement) -> bool:
        stated, units = source.quantities | self._question.quantities, source.units | self._question.units
        missing = {one for one in claims.quantities if not states(stated, units, one)}
        given = (claims.quantities - missing) | self._question.quantities
        return all(follows(one, given) for one in missing)

    def _has_names(self, source: SourceText, claims: Statement) -> bool:
        """Whether the source has all names; one of the question may be missing, unless another passage has it."""
        others = "".join(one.squashed for one in self._sources.values())
        names = claims.identifiers | {squashed(name[:_PREFIX]) for name in claims.capitalized}
        return all(
            name in source.squashed or (name in self._question.squashed and name not in others)
            for name in names
        )

    def _has_words(self, source: SourceText, claims: Statement) -> bool:
        found = self._found(source, claims)
        gap = LONGEST_GAP_CJK if _mostly_cjk(claims.sentence) else LONGEST_GAP
        in_passage = not claims.terms or any(source.has(term) for term in claims.terms)
        return in_passage and found.count(True) >= LEAST_SHARE * len(found) and _longest_gap(found) < gap

    def _found(self, source: SourceText, claims: Statement) -> list[bool]:
        return [source.has(term) or self._question.has(term) for term in claims.terms]


@lru_cache(maxsize=64)
def _source(text: str) -> SourceText:
    return SourceText(text)


def _longest_gap(found: Sequence[bool]) -> int:
    longest = gap = 0
    for one in found:
        gap = 0 if one else gap + 1
        longest = max(longest, gap)
    return longest


def _mostly_cjk(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return sum(1 for character in letters if CJK.match(character)) * 3 > len(letters)
