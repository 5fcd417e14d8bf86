"""Tables as lines that can be understood alone: every cell stands beside the heads of its column.

A row becomes `Product: X-33; Weight: 363 kg`; a long one several such lines, each of which begins with the cells that
name the row. Knows nothing of documents or of file formats.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from textwrap import wrap

from retrieval.sentences import sentences

Row = Sequence[str | None]
"""The cells of a row. None: covered by the cell on its left, which spans both columns."""

_LONGEST_LINE = 420
"""Bytes of UTF-8: some 100 tokens in English, some 140 in Chinese."""
_LONGEST_LABEL = 160
_LONGEST_HEAD = 120
_LONGEST_NAME = 40
_NARROWEST = 20
_MOST_HEADS = 3
_SEARCHED_ROWS = 40
_YEAR = re.compile(r"(?:19|20)\d\d")
_VALUE = re.compile(r"[^\w]*\d[^A-Za-z]*[A-Za-z°%]{0,4}[^\w]*")


@dataclass(frozen=True, slots=True)
class Table:
    """heads: what stands above each column, empty where nothing does; none at all where the rows have none."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]

    def lines(self) -> Iterator[str]:
        """The rows in order; a short cell that spans a whole row names the rows below it."""
        group = ""
        for row in self.rows:
            spanning = _spanning(row)
            if spanning:
                spanning = " ".join(spanning.split())
                group = spanning.rstrip(" :") if _size(spanning) <= _LONGEST_LABEL else ""
                yield from _cut(spanning, _LONGEST_LINE)
            else:
                yield from _row_lines(group, self.heads, row)


def read_table(rows: Sequence[Row], heads: int | None = None) -> Table:
    """A table from its cells, of which the first `heads` rows are heads; None: as many as look like it."""
    grid = _without_blanks(rows)
    count = count_heads(grid) if heads is None else min(heads, len(grid))
    return Table(_joined_heads(grid[:count]), tuple(grid[count:]))


def count_heads(rows: Sequence[Row], *, headed: bool = False) -> int:
    """How many of the first rows name the columns: they hold no values, and differ from the rows below them.

    headed: say one of two columns of words, too, which may as well be names with what they name.
    """
    grid = _without_blanks([*rows[: _MOST_HEADS + _SEARCHED_ROWS]])
    for count in range(min(_MOST_HEADS, len(grid) - 1), 0, -1):
        above, below = grid[:count], grid[count:]
        if (
            all(map(_may_be_head, above))
            and _stacked(above)
            and _names_columns(_joined_heads(above), below, headed)
        ):
            return count
    return 0


def is_value(cell: str) -> bool:
    """Whether a cell holds a number, an amount or a date rather than words; a year may be either."""
    return bool(_VALUE.fullmatch(cell)) and not _YEAR.fullmatch(cell)


def _spanning(row: Row) -> str | None:
    """The cell that spans the whole row, if one does."""
    first, *others = row
    return first if others and all(cell is None for cell in others) else None


def _without_blanks(rows: Sequence[Row]) -> list[Row]:
    """All rows equally wide, without the columns and rows in which nothing stands."""
    width = max(map(len, rows), default=0)
    stripped = ([cell and cell.strip() for cell in row] for row in rows)
    filled = [[*row, *[""] * (width - len(row))] for row in stripped if any(row)]
    used = [column for column in range(width) if any(row[column] for row in filled)]
    return [[row[column] for column in used] for row in filled]


def _joined_heads(rows: Sequence[Row]) -> tuple[str, ...]:
    """For each column what the head rows say of it, from the top down: `2024, Revenue`."""
    spread = [_spread(row) for row in rows]
    names = (
        [" ".join(cell.split()).rstrip(" :：") for cell in column] for column in zip(*spread, strict=True)
    )
    return tuple(", ".join(dict.fromkeys(filter(None, column))) for column in names)


def _spread(row: Row) -> list[str]:
    """A row in which a cell that spans columns stands in each of them."""
    cells: list[str] = []
    for cell in row:
        cells.append(cells[-1] if cell is None and cells else cell or "")
    return cells


def _may_be_head(row: Row) -> bool:
    """`Name: | Ann` is a label with a value; in a row of heads, all have a colon or none."""
    filled = [cell for cell in row if cell]
    labels = sum(cell.endswith((":", "：")) for cell in filled)
    return (
        len(filled) > 1
        and labels in (0, len(filled))
        and all(len(cell) <= _LONGEST_HEAD and not is_value(cell) for cell in filled)
    )


def _stacked(rows: Sequence[Row]) -> bool:
    """Whether rows above the last one have cells that span columns or rows, as heads in several rows do."""
    return all(
        None in row or any(cell and cell == under for cell, under in zip(row, below, strict=True))
        for row, below in pairwise(rows)
    )


def _names_columns(heads: Sequence[str], below: Sequence[Row], headed: bool) -> bool:
    """Whether the cells name what stands below: all different, and of another kind or far shorter than that."""
    names = [*filter(None, heads)]
    if len(set(names)) < len(names) or any(map(_is_no_name, names)):
        return False
    columns = [[row[n] or "" for row in below if row[n]] for n, name in enumerate(heads) if name]
    if any(_holds_numbers(column) for column in columns):
        return len(names) > 2 or not any(map(_YEAR.fullmatch, names))
    if len(names) == 2 and not headed:
        return bool(columns[-1]) and all(len(cell) > 2 * max(map(len, names)) for cell in columns[-1])
    return len(names) * 2 > len(heads)


def _is_no_name(cell: str) -> bool:
    return cell.endswith(".") and len(cell) > _LONGEST_NAME


def _holds_numbers(column: Sequence[str]) -> bool:
    return sum(is_value(cell) or bool(_YEAR.fullmatch(cell)) for cell in column) * 2 > len(column)


def _row_lines(group: str, heads: Sequence[str], row: Row) -> Iterator[str]:
    """The row in one line, or in several that begin alike; `group` names the rows that this one belongs to."""
    cells = _named_cells(heads, row)
    lead = [group] if group else []
    pairs = [_pair(head, cell) for head, cell in cells]
    if _size(*lead, *pairs) <= _LONGEST_LINE:
        yield _joined(lead + pairs)
        return
    named = _named_by([cell for _, cell in cells], pairs)
    label = lead + pairs[:named]
    room = _LONGEST_LINE - _size(*label)
    pieces = [_pair(head, piece) for head, cell in cells[named:] for piece in _cut(cell, room - len(head))]
    for packed in _packed(pieces, _even(pieces, room)):
        yield _joined(label + packed)


def _named_cells(heads: Sequence[str], row: Row) -> list[tuple[str, str]]:
    """The cells with their heads; of two columns without heads, the first holds the names of the second's cells."""
    if not heads and len(row) == 2 and all(row):
        heads, row = [" ".join(str(row[0]).split()).rstrip(" :")], [row[1]]
    return [(head, " ".join(cell.split())) for head, cell in zip_longest(heads, row, fillvalue="") if cell]


def _even(pieces: Sequence[str], room: int) -> int:
    """The room of a line in which as few lines are about equally long."""
    total = _size(*pieces)
    return min(room, total // -(-total // room) + max(map(len, pieces)) // 2)


def _named_by(cells: Sequence[str], pairs: Sequence[str]) -> int:
    """How many of the first cells name the row: up to the first one in words, as long as that is short."""
    count = next((n for n, cell in enumerate(cells, 1) if not is_value(cell)), 1)
    return count if _size(*pairs[:count]) <= _LONGEST_LABEL else 0


def _pair(head: str, cell: str) -> str:
    return f"{head}: {cell}" if head and head != cell else cell


def _joined(parts: Sequence[str]) -> str:
    """One sentence: what closes a part inside it goes."""
    *inner, last = parts
    return "; ".join([*(part.rstrip(" .;。；") for part in inner), last])


def _size(*parts: str) -> int:
    return sum(len(part.encode()) + 2 for part in parts)


def _cut(text: str, room: int) -> list[str]:
    """Pieces of about `room` bytes: whole sentences, or words where a sentence is longer."""
    if _size(text) <= room:
        return [text]
    width = max(_NARROWEST, room * len(text) // _size(text))
    units = [piece for span in sentences(text) for piece in wrap(text[slice(*span)], width)]
    return [" ".join(packed) for packed in _packed(units, room)]


def _packed(parts: Sequence[str], room: int) -> Iterator[list[str]]:
    """As many neighbouring parts together as `room` takes, at least one."""
    packed: list[str] = []
    for part in parts:
        if packed and _size(*packed, part) > room:
            yield packed
            packed = []
        packed.append(part)
    if packed:
        yield packed
