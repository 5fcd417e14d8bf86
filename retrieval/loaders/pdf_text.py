"""The text of a PDF's page as pieces of lines with their place, size and weight, and the lines drawn on it.

Knows PDFium and nothing of what the pieces mean. Coordinates are points from the top left corner, the page upright.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from retrieval.loaders.pdf_characters import Box, font_of, read_characters

_SAME_LINE = 0.45
"""Of the size: how far the middles of two pieces of one line may be apart."""
_WORD_GAP = 0.13
_CELL_GAP = 0.95
_BOLD_WEIGHT = 600
_THIN = 2.5
_SHADOW = 3.0


@dataclass(frozen=True, slots=True)
class TextPiece:
    """Text that stands together on one line. left, top, right, bottom: its place; size: of the type, in points."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool = False

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line drawn on the page: thin in one of its directions."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def is_level(self) -> bool:
        return self.right - self.left >= self.bottom - self.top


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Turns PDF's coordinates into those of the upright page."""

    width: float
    height: float
    turned: int

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        corners = [self._point(left, bottom), self._point(right, top)]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        match self.turned:
            case 90:
                return y, x
            case 180:
                return self.width - x, y
            case 270:
                return self.height - y, self.width - x
            case _:
                return x, self.height - y


def read_pieces(page: pdfium.PdfPage) -> list[TextPiece]:
    """The pieces of text on a page, line by line from the top, each line from the left."""
    textpage = page.get_textpage()
    try:
        found = list({_drawn(run): run for run in _runs(textpage, _sheet(page))}.values())
    finally:
        textpage.close()
    return [piece for line in _lines(found) for piece in _joined(line)]


def read_rules(page: pdfium.PdfPage) -> list[Rule]:
    """The straight lines on a page, and the edges of its boxes."""
    sheet = _sheet(page)
    rules: list[Rule] = []
    for drawn in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=4):
        left, top, right, bottom = sheet.box(*drawn.get_bounds())
        if min(right - left, bottom - top) <= _THIN:
            if max(right - left, bottom - top) > _THIN:
                rules.append(Rule(left, top, right, bottom))
        elif raw.FPDFPath_CountSegments(drawn) in (4, 5):
            rules += [
                Rule(left, top, right, top),
                Rule(left, bottom, right, bottom),
                Rule(left, top, left, bottom),
                Rule(right, top, right, bottom),
            ]
    return rules


def _sheet(page: pdfium.PdfPage) -> _Sheet:
    left, bottom, right, top = page.get_mediabox()
    return _Sheet(right - left, top - bottom, page.get_rotation())


def _runs(textpage: Any, sheet: _Sheet) -> Iterator[TextPiece]:
    """Characters that follow each other in the file and on the line."""
    text = ""
    box: Box | None = None
    sizes: list[float] = []
    first = 0
    before: Box | None = None
    for one in read_characters(textpage, sheet.box):
        index, character, place = one.index, one.text, one.place
        if place is None or (box and place != before and not _follows(box, place)):
            yield from _run(text, box, sizes, textpage, first)
            text, box, sizes = "", None, []
        if place is None:
            continue
        if box is None:
            first = index
            box = place
        before = place
        text += character
        if character != " ":
            sizes.append(place[3] - place[1])
            box = (min(box[0], place[0]), min(box[1], place[1]), max(box[2], place[2]), max(box[3], place[3]))
    yield from _run(text, box, sizes, textpage, first)


def _drawn(run: TextPiece) -> tuple[str, int, int]:
    """The same for text that is drawn twice, as for a shadow."""
    return run.text.replace(" ", ""), round(run.left / _SHADOW), round(run.top / _SHADOW)


def _follows(box: Box, place: Box) -> bool:
    size = max(box[3] - box[1], 1.0)
    apart = abs((box[1] + box[3]) - (place[1] + place[3])) / 2
    return apart < _SAME_LINE * size and -0.5 * size < place[0] - box[2] < _CELL_GAP * size


def _run(
    text: str, box: Box | None, sizes: Sequence[float], textpage: Any, first: int
) -> Iterator[TextPiece]:
    if box is not None and text.strip():
        yield TextPiece(" ".join(text.split()), *box, median(sizes), _is_bold(textpage, first))


def _is_bold(textpage: Any, index: int) -> bool:
    if raw.FPDFText_GetFontWeight(textpage, index) >= _BOLD_WEIGHT:
        return True
    name = font_of(textpage, index).lower()
    return any(word in name for word in ("bold", "black", "heavy", "semibold", "demi"))


def _lines(pieces: list[TextPiece]) -> Iterator[list[TextPiece]]:
    """The pieces of each line, from the left; those of one height are one line."""
    line: list[TextPiece] = []
    for piece in sorted(pieces, key=lambda each: (each.middle, each.left)):
        if line and piece.middle - line[0].middle > _SAME_LINE * min(line[0].size, piece.size):
            yield sorted(line, key=lambda each: each.left)
            line = []
        line.append(piece)
    if line:
        yield sorted(line, key=lambda each: each.left)


def _joined(line: list[TextPiece]) -> Iterator[TextPiece]:
    """Neighbours that are no further apart than words are one piece."""
    current = line[0]
    for piece in line[1:]:
        gap = piece.left - current.right
        if gap < _CELL_GAP * max(min(current.size, piece.size), 1.0):
            space = " " if gap > _WORD_GAP * current.size else ""
            current = replace(
                current,
                text=f"{current.text}{space}{piece.text}",
                top=min(current.top, piece.top),
                right=max(current.right, piece.right),
                bottom=max(current.bottom, piece.bottom),
                size=max(current, piece, key=lambda each: len(each.text)).size,
                bold=current.bold and piece.bold,
            )
        else:
            yield current
            current = piece
    yield current
