"""Whether the numbers of a sentence stand in the row of a table that it is about, and not in a neighbouring one."""

import re
from collections.abc import Sequence
from functools import lru_cache

from dialogue.language import support_terms
from dialogue.quantities import Quantity, quantities

_ROW = re.compile(r"\s*\|.*\||(?:[^:;|]{1,80}: [^;]*; )+[^:;|]{1,80}: .*")
"""A row of Markdown, or `column: value; column: value`."""


def from_other_rows(claimed: frozenset[Quantity], about: str, text: str) -> bool:
    """Whether a claimed quantity stands only in rows that have fewer of the words that tell rows apart.

    about: the sentence and the question, whose words choose the row.
    """
    lines = text.split("\n")
    rows = [line for line in lines if _ROW.fullmatch(line)]
    if len(rows) < 2 or not claimed:
        return False
    elsewhere = quantities("\n".join(line for line in lines if line not in rows), every=True)
    claimed_values = frozenset[str]().union(*(one.values for one in claimed))
    fits = _fits(rows, _marks(about) - claimed_values)
    return any(
        not _stands(one, elsewhere)
        and (found := [n for n, row in enumerate(rows) if _stands(one, _stated(row))])
        and max(fits[n] for n in found) == 0 < max(fits)
        for one in claimed
    )


def _fits(rows: Sequence[str], about: frozenset[str]) -> list[int]:
    """For each row, how many of the marks it has that not all rows have."""
    marks = [_marks(row) & about for row in rows]
    common = frozenset.intersection(*marks)
    return [len(own - common) for own in marks]


@lru_cache(maxsize=512)
def _marks(text: str) -> frozenset[str]:
    """The words and numbers of a text."""
    numbers = {value for one in quantities(text, every=True) for value in one.values}
    return frozenset(support_terms(text)) | numbers


@lru_cache(maxsize=512)
def _stated(row: str) -> frozenset[Quantity]:
    return quantities(row, every=True)


def _stands(claim: Quantity, stated: frozenset[Quantity]) -> bool:
    return any(claim.values & one.values for one in stated)
