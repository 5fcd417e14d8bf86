"""Tables of AsciiDoc as rows of cells: `|===` with cells on one line or on several, and `,===` in CSV."""

import csv
import re
from collections.abc import Iterator

_CELL = re.compile(
    r"(?:(?:(?<=^)|(?<=\s))(?:(\d+)(\*)|(\d+)?(?:\.(\d+))?\+)?[<^>]?(?:\.[<^>])?[aehlmsdv]?)?(?<!\\)\|"
)
_COLUMNS = re.compile(r"cols=(?:\"([^\"]*)\"|'([^']*)'|([\d*]+))")
_REPEATED = re.compile(r"(\d+)\*.*")


def table_cells(lines: list[str], mark: str, style: str) -> list[list[str | None]]:
    """The cells row by row; a cell that spans columns is followed by None, one that spans rows stands in each."""
    mark = "," if "format=csv" in style.replace('"', "") else mark
    if mark in ",:":
        return [list(row) for row in csv.reader(lines, delimiter=mark, skipinitialspace=True) if any(row)]
    cells = list(_cells(lines if mark == "|" else [line.replace("!", "|") for line in lines]))
    width = _width(style) or _first_width(lines, cells)
    return _rows(cells, width)


def _cells(lines: list[str]) -> Iterator[tuple[str, int, int]]:
    """Text, columns and rows of each cell, in the order of the file."""
    text: list[str] = []
    columns = rows = copies = 1
    begun = False
    for line in lines:
        at = 0
        for found in _CELL.finditer(line):
            if begun:
                text.append(line[at : found.start()])
                yield from [(_joined(text), columns, rows)] * copies
            copies = int(found.group(1) or 1)
            columns, rows = int(found.group(3) or 1), int(found.group(4) or 1)
            text, at, begun = [], found.end(), True
        text.append(line[at:])
    if begun:
        yield from [(_joined(text), columns, rows)] * copies


def _joined(lines: list[str]) -> str:
    """The lines of one cell on one line, its items apart."""
    items = (re.sub(r"^[*.-]{1,3}\s+", "; ", line.strip()) for line in lines if line.strip() not in ("", "+"))
    return " ".join(items).replace(" ; ", "; ").removeprefix("; ").strip()


def _width(style: str) -> int:
    found = _COLUMNS.search(style)
    if not found:
        return 0
    parts = re.split(r"[,;]", next(filter(None, found.groups()), ""))
    return sum(int(repeated.group(1)) if (repeated := _REPEATED.match(part.strip())) else 1 for part in parts)


def _first_width(lines: list[str], cells: list[tuple[str, int, int]]) -> int:
    """As many columns as the first line has cells."""
    first = next((line for line in lines if line.strip()), "")
    count = sum(int(found.group(1) or 1) * int(found.group(3) or 1) for found in _CELL.finditer(first))
    return max(count, 1) if cells else 1


def _rows(cells: list[tuple[str, int, int]], width: int) -> list[list[str | None]]:
    rows: list[list[str | None]] = []
    below: dict[tuple[int, int], str | None] = {}
    row: list[str | None] = []
    for text, columns, deep in cells:
        _carry(row, below, len(rows))
        if len(row) >= width:
            rows.append(row)
            row = []
            _carry(row, below, len(rows))
        for column in range(columns):
            for more in range(1, deep):
                below[len(rows) + more, len(row)] = text if column == 0 else None
            row.append(text if column == 0 else None)
    _carry(row, below, len(rows))
    return [*rows, row] if row else rows


def _carry(row: list[str | None], below: dict[tuple[int, int], str | None], number: int) -> None:
    while (number, len(row)) in below:
        row.append(below.pop((number, len(row))))
