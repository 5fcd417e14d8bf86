"""Tables of HTML as rows of cells; which tables only lay out a page."""

from itertools import takewhile

from bs4 import Tag

from retrieval.loaders.html_inline import inline_text
from retrieval.loaders.html_notes import is_note
from retrieval.tables import Row

_MOST_SPAN = 100
_STRUCTURE = ("h4", "h5", "h6", "pre", "blockquote", "p", "div")


def is_layout(table: Tag) -> bool:
    """Whether a table only places blocks beside each other: it holds sections, or is one column or one row."""
    if table.get("role") == "presentation" or table.find(("h1", "h2", "h3", "table")) or is_note(table):
        return True
    rows = _rows(table)
    widest = max((len(_cells(row)) for row in rows), default=0)
    if widest <= 1:
        return True
    return table.find("th") is None and len(rows) == 1 and table.find(_STRUCTURE) is not None


def table_rows(table: Tag) -> tuple[list[Row], int | None]:
    """The cells row by row, and how many of the first rows are marked as heads; None where none is.

    A cell that spans rows stands in each of them; one that spans columns is followed by None.
    """
    rows = _rows(table)
    marked = list(takewhile(_is_head, rows))
    return _grid(rows), len(marked) or None


def _rows(table: Tag) -> list[Tag]:
    return [row for row in table.find_all("tr") if row.find_parent("table") is table]


def _cells(row: Tag) -> list[Tag]:
    return row.find_all(("td", "th"), recursive=False)


def _is_head(row: Tag) -> bool:
    cells = _cells(row)
    if row.parent is not None and row.parent.name == "thead":
        return True
    return len(cells) > 1 and all(cell.name == "th" for cell in cells)


def _grid(rows: list[Tag]) -> list[Row]:
    grid: list[Row] = []
    below: dict[int, tuple[int, str | None]] = {}
    """By column: for how many more rows a cell from above goes on, and what it says."""
    for row in rows:
        line: list[str | None] = []
        for cell in _cells(row):
            _carry(line, below)
            text: str | None = _text(cell)
            for _ in range(_span(cell, "colspan")):
                if (more := _span(cell, "rowspan") - 1) > 0:
                    below[len(line)] = (more, text)
                line.append(text)
                text = None
        _carry(line, below)
        grid.append(line)
    return grid


def _carry(line: list[str | None], below: dict[int, tuple[int, str | None]]) -> None:
    """Adds the cells of rows above that reach into this one, at the place where the line stands."""
    while (found := below.get(len(line))) is not None:
        more, text = found
        if more > 1:
            below[len(line)] = (more - 1, text)
        else:
            del below[len(line)]
        line.append(text)


def _text(cell: Tag) -> str:
    """Paragraphs and items of one cell on one line."""
    for item in cell.find_all(("li", "dd", "br")):
        item.insert_before("; " if item.name == "li" and item.find_previous_sibling("li") else " ")
    return " ".join(inline_text(cell).split())


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name, "1")).strip()
    return max(1, min(int(value), _MOST_SPAN)) if value.isdigit() else 1
