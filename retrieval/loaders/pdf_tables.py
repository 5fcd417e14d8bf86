"""Tables on a PDF's page: those drawn with lines, and those that only stand in columns."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from retrieval.loaders.pdf_text import Rule, TextPiece
from retrieval.tables import Row

_SNAP = 3.0
_CUT = re.compile(r"(?<=[^\W\d_])- (?!(?:and|or|to|und|oder|bis|et|ou|y|e|o)\b)(?=[^\W\d_A-Z])")
_FEWEST_EDGES = 3
_MOST_EDGES = 80
_FEWEST_FILLED = 4
_TALL = 4
_LONGEST_REPEATED = 100
_LONGEST_CELL = 250
_MOST_IN_ONE = 0.6
_MOST_IN_TWO = 0.7
_LONG = 400
_FILLED = 0.3
_OFTEN = 0.2


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table and where it stands. pieces: the text in it."""

    left: float
    top: float
    right: float
    bottom: float
    rows: tuple[Row, ...]
    pieces: frozenset[TextPiece]


def ruled_tables(pieces: Sequence[TextPiece], rules: Sequence[Rule]) -> list[PageTable]:
    """The tables whose cells are separated by drawn lines, at least two by two."""
    tables = []
    for group in _connected(rules):
        table = _ruled(group, pieces)
        if table is not None:
            tables.append(table)
    return tables


def aligned_rows(lines: Sequence[Sequence[TextPiece]]) -> list[Row] | None:
    """The lines as rows of a table, where they stand in the same columns; None where they do not."""
    columns = _columns(lines)
    if len(columns) < 2:
        return None
    rows: list[list[str | None]] = []
    for line in lines:
        cells: list[str | None] = [""] * len(columns)
        for piece in line:
            found = [
                n for n, (left, right) in enumerate(columns) if piece.left <= right and left <= piece.right
            ]
            if not found:
                return None
            cells[found[0]] = f"{cells[found[0]] or ''} {piece.text}".strip()
            for spanned in found[1:]:
                cells[spanned] = cells[spanned] or None
        if rows and _continues(rows[-1], cells):
            rows[-1][0] = f"{rows[-1][0]} {cells[0]}"
            rows[-1][1:] = cells[1:]
        else:
            rows.append(cells)
    return [_grouped(row) for row in rows]


def _columns(lines: Sequence[Sequence[TextPiece]]) -> list[tuple[float, float]]:
    """The spans of the page's width in which the pieces of the fullest kind of line stand, from the left."""
    counts = Counter(len(line) for line in lines if len(line) > 1)
    often = [count for count, times in counts.items() if times >= max(2, _OFTEN * counts.total())]
    for count in sorted(often, reverse=True):
        columns = [
            (min(piece.left for piece in column), max(piece.right for piece in column))
            for column in zip(*(line for line in lines if len(line) == count), strict=True)
        ]
        if all(one[1] < other[0] for one, other in pairwise(columns)):
            return columns
    return []


def _continues(above: Sequence[str | None], cells: Sequence[str | None]) -> bool:
    """Whether a row goes on with the label of the one above, which has no other cell."""
    return not any(above[1:]) and bool(above[0]) and (cells[0] or "")[:1].islower()


def _grouped(row: Sequence[str | None]) -> Row:
    """A row with nothing but a label spans the table: it names the rows below."""
    return [row[0], *[None] * (len(row) - 1)] if row[0] and not any(row[1:]) else row


def _connected(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """Groups of lines that touch each other."""
    waiting = list(dict.fromkeys(rules))
    if len(waiting) > 4000:
        return
    while waiting:
        group = [waiting.pop()]
        for rule in group:
            near = [other for other in waiting if _touch(rule, other)]
            if near:
                chosen = set(near)
                waiting = [other for other in waiting if other not in chosen]
                group += near
        yield group


def _touch(one: Rule, other: Rule) -> bool:
    return (
        one.left <= other.right + _SNAP
        and other.left <= one.right + _SNAP
        and one.top <= other.bottom + _SNAP
        and other.top <= one.bottom + _SNAP
    )


def _ruled(group: Sequence[Rule], pieces: Sequence[TextPiece]) -> PageTable | None:
    level = [rule for rule in group if rule.is_level]
    upright = [rule for rule in group if not rule.is_level]
    ys, xs = _edges([rule.top for rule in level]), _edges([rule.left for rule in upright])
    if not (_FEWEST_EDGES <= len(xs) <= _MOST_EDGES and _FEWEST_EDGES <= len(ys) <= _MOST_EDGES):
        return None
    inside = [
        piece
        for piece in pieces
        if xs[0] - _SNAP <= _center(piece) <= xs[-1] + _SNAP and ys[0] <= piece.middle <= ys[-1]
    ]
    rows = _filled(xs, ys, level, upright, inside)
    if rows is None:
        return None
    return PageTable(xs[0], ys[0], xs[-1], ys[-1], tuple(rows), frozenset(inside))


def _filled(
    xs: Sequence[float],
    ys: Sequence[float],
    level: Sequence[Rule],
    upright: Sequence[Rule],
    pieces: Sequence[TextPiece],
) -> list[Row] | None:
    """The cells, row by row; cells between which there is no line are one."""
    owner = _owners(xs, ys, level, upright)
    texts: dict[tuple[int, int], list[TextPiece]] = {}
    for piece in pieces:
        texts.setdefault(owner[_slot(ys, piece.middle), _slot(xs, _center(piece))], []).append(piece)
    filled = {slot: _said(found) for slot, found in texts.items()}
    if (
        any(map(_holds_columns, texts.values()))
        or sum(map(_is_stack, texts.values())) > 1
        or not _is_grid(filled, owner)
    ):
        return None
    rows: list[Row] = []
    for row in range(len(ys) - 1):
        line: list[str | None] = []
        for column in range(len(xs) - 1):
            mine = owner[row, column]
            spans = column > 0 and owner[row, column - 1] == mine
            text = filled.get(mine, "")
            line.append(None if spans else text if mine[0] == row or len(text) <= _LONGEST_REPEATED else "")
        rows.append(line)
    return rows


def _is_grid(filled: Mapping[tuple[int, int], str], owner: Mapping[tuple[int, int], tuple[int, int]]) -> bool:
    """Whether cells are of a table's kind: in several rows and columns, many filled, none with most of the text."""
    lengths = sorted(map(len, filled.values()))
    if len(filled) < _FEWEST_FILLED or any(len({slot[side] for slot in filled}) < 2 for side in (0, 1)):
        return False
    return (
        lengths[-1] <= _MOST_IN_ONE * sum(lengths)
        and (lengths[-1] <= _LONG or sum(lengths[-2:]) <= _MOST_IN_TWO * sum(lengths))
        and median(lengths) <= _LONGEST_CELL
        and len(filled) >= _FILLED * len(set(owner.values()))
    )


def _holds_columns(pieces: Sequence[TextPiece]) -> bool:
    """Whether a cell is no cell: several of its lines are made of pieces far from each other."""
    lines = Counter(round(piece.middle / _SNAP) for piece in pieces)
    return sum(count > 1 for count in lines.values()) > 1


def _is_stack(pieces: Sequence[TextPiece]) -> bool:
    """Whether a cell holds the values of several rows, between which no line is drawn."""
    return len(pieces) >= _TALL and median(len(piece.text.split()) for piece in pieces) <= 1


def _owners(
    xs: Sequence[float], ys: Sequence[float], level: Sequence[Rule], upright: Sequence[Rule]
) -> dict[tuple[int, int], tuple[int, int]]:
    """For each slot of the grid, the first slot of the cell that it belongs to."""
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    for row, (top, bottom) in enumerate(pairwise(ys)):
        for column, (left, right) in enumerate(pairwise(xs)):
            mine = (row, column)
            if column and not _is_drawn(upright, left, (top + bottom) / 2):
                mine = owner[row, column - 1]
            elif row and not _is_drawn(level, (left + right) / 2, top):
                mine = owner[row - 1, column]
            owner[row, column] = mine
    return owner


def _is_drawn(rules: Sequence[Rule], x: float, y: float) -> bool:
    return any(
        rule.left - _SNAP <= x <= rule.right + _SNAP and rule.top - _SNAP <= y <= rule.bottom + _SNAP
        for rule in rules
    )


def _edges(places: Sequence[float]) -> list[float]:
    """The different places, those closer together than drawing is exact as one."""
    edges: list[float] = []
    for place in sorted(places):
        if not edges or place - edges[-1] > _SNAP:
            edges.append(place)
    return edges


def _slot(edges: Sequence[float], place: float) -> int:
    return max(0, min(sum(edge <= place for edge in edges) - 1, len(edges) - 2))


def _center(piece: TextPiece) -> float:
    return (piece.left + piece.right) / 2


def _said(pieces: Sequence[TextPiece]) -> str:
    """The lines of a cell on one line, with the words whole that were cut at their ends."""
    ordered = sorted(pieces, key=lambda each: (round(each.middle), each.left))
    return _CUT.sub("", " ".join(piece.text for piece in ordered))
