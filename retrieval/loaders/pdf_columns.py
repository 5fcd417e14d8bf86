"""Columns of running text that stand side by side on a PDF's page, told from the columns of a table.

Text runs where lines hold several words, fill their column and go on with the sentence of the line above. Cells stand
on the same lines as the cells beside them. Where the evidence is weak, pieces of one line stay together.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from retrieval.loaders.pdf_text import TextPiece

Line = list[TextPiece]

_FEWEST_LINES = 2
_FEWEST_RUNNING = 5
_WORDS_OF_PROSE = 3.5
_FULL = 0.55
_GUTTER = 6.0
_NARROWEST = 0.12
_INDENT = 2.0
_LEADING = 0.75
_GOING_ON = 0.25
_LEVEL = 1.0
_IN_STEP = 0.6
_ENDS = re.compile(r"[.!?。！？:：;；]['\"”’)\]）」]*$")
_CUT_WORD = re.compile(r"[^\W\d_]{2}-$")


def find_gutter(pieces: Sequence[TextPiece]) -> float | None:
    """A place between columns of text that few lines cross; None where the page has one column or a table."""
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    if right <= left or len(lines_of(pieces)) < _FEWEST_LINES:
        return None
    margin = _NARROWEST * (right - left)
    places = {
        round(piece.left) - _GUTTER / 2 for piece in pieces if left + margin < piece.left < right - margin
    }
    for _, place in sorted(_scored(pieces, places), reverse=True):
        before = [piece for piece in pieces if piece.right <= place + _GUTTER / 3]
        if are_columns(before, [piece for piece in pieces if piece.left >= place - _GUTTER / 3]):
            return place
    return None


def are_columns(before: Sequence[TextPiece], after: Sequence[TextPiece]) -> bool:
    """Whether each side is read on its own: both run, or one does and the other's lines do not stand beside its."""
    running = [side for side in (before, after) if _is_running(side)]
    if len(running) == 1:
        (text,) = running
        return len(text) >= _FEWEST_RUNNING and going_on(text) >= _GOING_ON and not _in_step(before, after)
    return len(running) == 2 and (
        min(going_on(before), going_on(after)) >= _GOING_ON or not _in_step(before, after)
    )


def going_on(pieces: Sequence[TextPiece]) -> float:
    """The share of the pieces that go on with the sentence or the word of the line above, in the same column."""
    pairs = [pair for column in text_columns(pieces) for pair in pairwise(column)]
    return sum(_goes_on(above, below) for above, below in pairs) / len(pieces)


def continues(above: str, below: str) -> bool:
    """Whether the text of a line goes on in the line below: within a word, or within a sentence."""
    if not below[:1].isalpha() or below[:1].isupper():
        return False
    return bool(_CUT_WORD.search(above)) or (len(above.split()) > 2 and not _ENDS.search(above))


def text_columns(pieces: Sequence[TextPiece]) -> Iterator[Line]:
    """The pieces that begin at about the same place, from the top; columns from the left."""
    column: Line = []
    for piece in sorted(pieces, key=lambda each: each.left):
        if column and piece.left - column[0].left > _INDENT * piece.size:
            yield sorted(column, key=lambda each: each.middle)
            column = []
        column.append(piece)
    if column:
        yield sorted(column, key=lambda each: each.middle)


def lines_of(pieces: Sequence[TextPiece]) -> list[Line]:
    """Pieces of one height together, from the left."""
    lines: list[Line] = []
    for piece in sorted(pieces, key=lambda each: (each.middle, each.left)):
        if lines and piece.middle - lines[-1][0].middle <= 0.45 * min(lines[-1][0].size, piece.size):
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return [sorted(line, key=lambda each: each.left) for line in lines]


def _scored(pieces: Sequence[TextPiece], places: Iterable[float]) -> Iterator[tuple[float, float]]:
    """Places with enough text on both sides, the better the more there is and the fewer pieces cross."""
    rights = sorted(piece.right for piece in pieces)
    lefts = sorted(piece.left for piece in pieces)
    for place in places:
        before = bisect_right(rights, place + _GUTTER / 3)
        after = len(lefts) - bisect_left(lefts, place - _GUTTER / 3)
        shared, crossing = min(before, after), len(pieces) - before - after
        if shared >= _FEWEST_LINES and crossing <= shared:
            yield shared - 2.0 * crossing, place


def _is_running(pieces: Sequence[TextPiece]) -> bool:
    """Whether pieces are lines of text: several words each, most of them as wide as their column."""
    if not pieces or median(_words(piece.text) for piece in pieces) < _WORDS_OF_PROSE:
        return False
    return median(filled for column in text_columns(pieces) for filled in _filled(column)) >= _FULL


def _filled(column: Line) -> Iterator[float]:
    """For each piece how much of its column's width it fills."""
    width = max(piece.right for piece in column) - min(piece.left for piece in column)
    for piece in column:
        yield (piece.right - piece.left) / max(width, 1.0)


def _words(text: str) -> float:
    wide = sum(character >= "\u2e80" for character in text)
    return len(text.split()) + wide / 2


def _goes_on(above: TextPiece, below: TextPiece) -> bool:
    return below.top - above.bottom < _LEADING * below.size and continues(above.text, below.text)


def _in_step(before: Sequence[TextPiece], after: Sequence[TextPiece]) -> bool:
    """Whether most lines of the shorter side stand beside a line of the other, as the cells of a row do."""
    fewer, more = sorted((before, after), key=len)
    heights = sorted(piece.middle for piece in more)
    level = [
        bisect_right(heights, p.middle + _LEVEL) > bisect_left(heights, p.middle - _LEVEL) for p in fewer
    ]
    return sum(level) >= _IN_STEP * len(level)
