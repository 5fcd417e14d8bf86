"""The sheet of a spreadsheet, or a CSV file: notes, tables and lists of questions, told apart by how they are filled.

Knows nothing of files: it is given the cells as text.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from retrieval.documents import Document, DocumentBuilder
from retrieval.errors import UnreadableDocument
from retrieval.loaders import Columns
from retrieval.loaders.faq import find_pairs, named_pairs, read_entries
from retrieval.tables import Row, count_heads, read_table

MOST_ROWS = 50_000
"""Of one sheet; more would take hours to embed."""
_SEARCHED_ROWS = 30


def read_sheet(
    rows: Sequence[Row], draft: DocumentBuilder, source: str, *, headed: bool = False, columns: Columns = ()
) -> Iterator[Document]:
    """Adds what stands in the sheet to `draft`; an entry of a list of questions is a document of its own.

    source: what the entries are called by, before their number. headed: the first row of words names the columns,
    unless it looks otherwise. columns: as in `find_pairs`. Raises UnreadableDocument where there are too many rows.
    """
    if sum(map(any, rows)) > MOST_ROWS:
        reason = f"it has more than {MOST_ROWS:,} rows. Leave in it what people ask about, or split it."
        raise UnreadableDocument(source, reason)
    for block in _blocks(rows):
        heads = 1 if named_pairs(block[0], columns) else count_heads(block, headed=headed)
        table = read_table(block, heads)
        pairs = find_pairs(table, columns)
        if pairs:
            yield from read_entries(table.rows, pairs, source)
        elif max(map(_filled, block)) > 1:
            draft.table(block, heads)
        else:
            for row in block:
                draft.block(" ".join(filter(None, row)))


def _blocks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Notes and tables, each for itself. A table goes on after a blank row, unless another one with heads begins."""
    table: list[Row] = []
    for filled, group in groupby(rows, key=any):
        for block in _parts([*group]) if filled else ():
            wide = max(map(_filled, block)) > 1
            if table and wide and not count_heads(block):
                table += block
                continue
            if table:
                yield table
            table = block if wide else []
            if not wide:
                yield block
    if table:
        yield table


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    """What stands before the table, the table, and the notes below it."""
    start = _start_of_table(rows)
    end = len(rows)
    while end - start > 2 and _filled(rows[end - 1]) == 1 and _is_note(rows[end - 1]):
        end -= 1
    for _, group in groupby(rows[:start], key=lambda row: _filled(row) > 1):
        yield [*group]
    yield from filter(None, (rows[start:end], rows[end:]))


def _start_of_table(rows: Sequence[Row]) -> int:
    """The first row that looks like heads and is at least half as wide as those below; else the first wide one."""
    widest = max(map(_filled, rows))
    for start in range(min(_SEARCHED_ROWS, len(rows) - 1) if widest > 2 else 0):
        if _filled(rows[start]) * 2 >= widest and count_heads(rows[start : start + 2 * _SEARCHED_ROWS]):
            return start
    return next((n for n, row in enumerate(rows) if _filled(row) > 1), 0)


def _filled(row: Row) -> int:
    return sum(map(bool, row))


def _is_note(row: Row) -> bool:
    """A sentence rather than the name of something."""
    return any(len((cell or "").split()) > 3 or "：" in (cell or "") or "。" in (cell or "") for cell in row)
