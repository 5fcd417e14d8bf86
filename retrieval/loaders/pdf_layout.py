"""The order in which the pieces of a PDF's page are read: columns one after the other, rows of tables together.

Knows places and sizes, and nothing of headings, paragraphs or other pages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from retrieval.loaders.pdf_columns import Line, are_columns, find_gutter, lines_of
from retrieval.loaders.pdf_tables import aligned_rows, ruled_tables
from retrieval.loaders.pdf_text import Rule, TextPiece
from retrieval.tables import Row

_FEWEST_ROWS = 3
_GAP = 0.3
_MOST_GAPS = 4
_ROW_GAP = 3.0


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of running text. right: where the column ends in which it stands."""

    text: str
    left: float
    top: float
    bottom: float
    right: float
    column_left: float
    column_right: float
    size: float
    bold: bool


Block = TextLine | tuple[Row, ...]


def reading_order(pieces: Sequence[TextPiece], rules: Sequence[Rule]) -> list[Block]:
    """The lines of a page and its tables in the order in which a person reads them."""
    tables = ruled_tables(pieces, rules)
    inside = {piece for table in tables for piece in table.pieces}
    free = [piece for piece in pieces if piece not in inside]
    blocks: list[Block] = []
    for table in sorted(tables, key=lambda each: each.top):
        above = [piece for piece in free if piece.middle < table.top]
        free = [piece for piece in free if piece.middle >= table.top]
        blocks += _ordered(above)
        blocks.append(table.rows)
    return blocks + list(_ordered(free))


def _ordered(pieces: Sequence[TextPiece]) -> Iterator[Block]:
    """Bands of the page in which columns stand side by side, and what runs over their whole width."""
    if not pieces:
        return
    gutter = find_gutter(pieces)
    if gutter is None:
        yield from _zones(pieces)
        return
    band: list[TextPiece] = []
    for line in lines_of(pieces):
        if any(piece.left < gutter < piece.right for piece in line):
            yield from _side_by_side(band, gutter)
            yield from _blocks([line])
            band = []
        else:
            band += line
    yield from _side_by_side(band, gutter)


def _zones(pieces: Sequence[TextPiece]) -> Iterator[Block]:
    """What stands above and below one of the widest gaps, where either has columns; else all of it in lines."""
    lines = lines_of(pieces)
    for at in _widest_gaps(lines):
        above, below = ([piece for line in half for piece in line] for half in (lines[:at], lines[at:]))
        if find_gutter(above) is not None or find_gutter(below) is not None:
            yield from _ordered(above)
            yield from _ordered(below)
            return
    yield from _blocks(lines)


def _widest_gaps(lines: Sequence[Line]) -> list[int]:
    """The numbers of the lines above which there is most room."""
    gaps: list[tuple[float, int]] = []
    reached = 0.0
    for number, line in enumerate(lines):
        top = min(piece.top for piece in line)
        if number and top - reached > _GAP * line[0].size:
            gaps.append((reached - top, number))
        reached = max(reached, *(piece.bottom for piece in line))
    return [number for _, number in sorted(gaps)[:_MOST_GAPS]]


def _side_by_side(band: Sequence[TextPiece], gutter: float) -> Iterator[Block]:
    left = [piece for piece in band if piece.right <= gutter]
    right = [piece for piece in band if piece.right > gutter]
    if are_columns(left, right):
        yield from _ordered(left)
        yield from _ordered(right)
    else:
        yield from _blocks(lines_of(band))


def _blocks(lines: Sequence[Line]) -> Iterator[Block]:
    """Runs of lines that are made of several pieces are rows of a table where they stand in columns."""
    if not lines:
        return
    left = min(piece.left for line in lines for piece in line)
    right = max(piece.right for line in lines for piece in line)
    run: list[Line] = []
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        if run and line[0].top - run[-1][0].bottom > _ROW_GAP * line[0].size:
            yield from _table(run, left, right)
            run = []
        if _is_row(line) or (run and following and _is_row(following) and _is_label(line, run)):
            run.append(line)
        else:
            yield from _table(run, left, right)
            run = []
            yield _text_line(line, left, right)
    yield from _table(run, left, right)


def _is_row(line: Line) -> bool:
    return len(line) > 1 and not _starts_list(line)


def _is_label(line: Line, run: Sequence[Line]) -> bool:
    """Whether a single piece stands in the first column of the rows before it."""
    ends = [row[1].left for row in run if len(row) > 1]
    return len(line) == 1 and bool(ends) and line[0].right < median(ends)


def _table(run: Sequence[Line], left: float, right: float) -> Iterator[Block]:
    rows = aligned_rows(run) if len(run) >= _FEWEST_ROWS else None
    if rows:
        yield tuple(rows)
    else:
        yield from (_text_line(line, left, right) for line in run)


def _starts_list(line: Line) -> bool:
    """A bullet or a number, and its text at a distance."""
    mark = line[0].text
    return len(line) == 2 and (
        (len(mark) == 1 and not mark.isalnum()) or (len(mark) <= 4 and mark[-1:] in ".)")
    )


def _text_line(line: Line, left: float, right: float) -> TextLine:
    return TextLine(
        " ".join(piece.text for piece in line),
        line[0].left,
        min(piece.top for piece in line),
        max(piece.bottom for piece in line),
        line[-1].right,
        left,
        right,
        max(line, key=lambda piece: len(piece.text)).size,
        all(piece.bold for piece in line),
    )
