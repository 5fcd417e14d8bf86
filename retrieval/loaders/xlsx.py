"""Excel workbooks: the visible sheets, cells as they are shown, formulas by their saved results."""

import re
import warnings
from collections.abc import Iterator
from io import BytesIO
from zipfile import ZipFile

from openpyxl import load_workbook
from openpyxl.cell import Cell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from retrieval.documents import Document, DocumentBuilder, readable_name
from retrieval.errors import UnreadableDocument
from retrieval.loaders import Columns
from retrieval.loaders.addresses import with_address
from retrieval.loaders.number_formats import shown
from retrieval.loaders.sheets import read_sheet
from retrieval.tables import Row

_LARGEST_SHEETS = 96 << 20
"""Bytes of XML; some thirty times as much memory is needed to read them."""
_UNNAMED = re.compile(
    r"(?:Sheet|Tabelle|Feuil|Feuille|Hoja|Foglio|Planilha|Blad|Arkusz|Лист|工作表) ?\d*", re.IGNORECASE
)
_NO_RESULT = re.compile(rb"</f>(?:<v></v>|<v ?/>)?</c>")


def load_xlsx(content: bytes, source: str, columns: Columns = ()) -> Iterator[Document]:
    """One document with a heading for each sheet; the entries of lists of questions are documents of their own."""
    missing = _formulas_without_result(content, source)
    workbook = _opened(content)
    draft = DocumentBuilder()
    visible = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    for sheet in visible:
        part = DocumentBuilder()
        name = source if sheet is visible[0] else f"{source}#{sheet.title}"
        yield from read_sheet(_rows(sheet), part, name, columns=columns)
        if part.lines and not (len(visible) == 1 and _UNNAMED.fullmatch(sheet.title)):
            draft.heading(1, sheet.title)
        draft.include(part.document(source))
    _note(draft, workbook, missing)
    if draft.lines:
        yield draft.document(source, workbook.properties.title or readable_name(source))


def _opened(content: bytes) -> Workbook:
    """What the library says of parts it does not know is of no use to anybody here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_workbook(BytesIO(content), data_only=True)


def _formulas_without_result(content: bytes, source: str) -> int:
    """Counts the formulas whose results were not saved; refuses what would take too much memory."""
    with ZipFile(BytesIO(content)) as archive:
        sheets = [
            member for member in archive.infolist() if member.filename.startswith("xl/worksheets/sheet")
        ]
        if sum(member.file_size for member in sheets) > _LARGEST_SHEETS:
            raise UnreadableDocument(
                source, "it has too many cells. Leave in it what people ask about, or split it."
            )
        return sum(len(_NO_RESULT.findall(archive.read(member))) for member in sheets)


def _note(draft: DocumentBuilder, workbook: Workbook, missing: int) -> None:
    hidden = [sheet.title for sheet in workbook.worksheets if sheet.sheet_state != "visible"]
    if hidden:
        draft.note(f"hidden sheets are left out: {', '.join(hidden)}")
    if missing:
        draft.note(
            f"{missing} formulas have no saved result: open it in a spreadsheet program and save it again"
        )


def _rows(sheet: Worksheet) -> list[Row]:
    """The cells that are shown, as text; one blank row stands for any number of them."""
    texts = _texts(sheet)
    width = max((column for _, column in texts), default=0)
    columns = [column for column in range(1, width + 1) if column not in _hidden_columns(sheet)]
    rows: list[Row] = []
    last = 0
    for number in sorted({row for row, _ in texts} - _hidden_rows(sheet)):
        if number > last + 1:
            rows.append([])
        row = [texts.get((number, column), "") for column in columns]
        rows.append(_as_group(row) if _stands_out(sheet, number) else row)
        last = number
    return rows


def _texts(sheet: Worksheet) -> dict[tuple[int, int], str | None]:
    """The filled cells by row and column; a merged one is repeated downwards, and is None to the right."""
    shown_cells = ((place, _text(cell)) for place, cell in sheet._cells.items())
    texts: dict[tuple[int, int], str | None] = {place: text for place, text in shown_cells if text.strip()}
    for area in sheet.merged_cells.ranges:
        text = texts.get((area.min_row, area.min_col))
        for row, column in area.cells if text else ():
            texts[row, column] = text if column == area.min_col else None
    return texts


def _text(cell: Cell) -> str:
    text = shown(cell.value, cell.number_format)
    return with_address(text, cell.hyperlink.target or "") if cell.hyperlink else text


def _hidden_columns(sheet: Worksheet) -> set[int]:
    hidden = (column for column in sheet.column_dimensions.values() if column.hidden)
    return {number for column in hidden for number in range(column.min or 0, (column.max or 0) + 1)}


def _hidden_rows(sheet: Worksheet) -> set[int]:
    """Rows that somebody has hidden; what a filter hides at the moment is there all the same."""
    if sheet.auto_filter.ref:
        return set()
    return {number for number, row in sheet.row_dimensions.items() if row.hidden}


def _stands_out(sheet: Worksheet, number: int) -> bool:
    """Whether a row has bold letters at its start, and the one below has not: it may name the rows below it."""
    first, below = (sheet._cells.get((row, sheet.min_column)) for row in (number, number + 1))
    return bool(first and first.font.b and not (below and below.font.b))


def _as_group(row: list[str | None]) -> Row:
    """A row of which only the first cell is filled, as a cell that spans the row."""
    return [row[0], *[None] * (len(row) - 1)] if row[0] and not any(row[1:]) else row
