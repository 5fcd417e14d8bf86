"""OpenDocument text, spreadsheets and presentations: headings, lists, tables, boxes and notes, in reading order."""

from collections.abc import Iterator

from retrieval.documents import Document, DocumentBuilder, readable_name
from retrieval.errors import UnreadableDocument
from retrieval.loaders import Columns
from retrieval.loaders.addresses import with_address
from retrieval.loaders.packages import Element, Package, attribute, child, descendants, local, text_of
from retrieval.loaders.sheets import MOST_ROWS, read_sheet
from retrieval.tables import Row

_SKIPPED = frozenset(
    [
        *(
            "table-of-content",
            "alphabetical-index",
            "illustration-index",
            "table-index",
            "object-index",
            "bibliography",
        ),
        *("tracked-changes", "annotation", "sequence-decls", "forms", "bookmark", "meta"),
    ]
)
_ELSEWHERE = ("note", "text-box", "annotation", "table")
_MOST_REPEATED = 64
"""Cells that a row says are repeated; beyond, they are the empty rest of a sheet."""


def load_opendocument(content: bytes, source: str, columns: Columns = ()) -> Iterator[Document]:
    """One document; of a spreadsheet, also one for each entry of a list of questions."""
    package = Package(content)
    root = package.xml("content.xml")
    body = child(root, "body")
    if root is None or body is None:
        raise UnreadableDocument(source, "it is broken: it has no content.xml")
    meta = package.xml("meta.xml")
    title = text_of(meta, "title") if meta is not None else ""
    reader = OpenDocumentReader(_numbered_lists(root, package.xml("styles.xml")))
    sheets = child(body, "spreadsheet")
    if sheets is not None:
        yield from reader.sheets(sheets, source, columns)
        title = title or readable_name(source)
    else:
        reader.blocks(body)
    if reader.draft.lines:
        yield reader.draft.document(source, title)


class OpenDocumentReader:
    """Reads a document into `draft`. numbered: the names of the list styles whose items are numbered."""

    def __init__(self, numbered: frozenset[str]) -> None:
        self.draft = DocumentBuilder()
        self._numbered = numbered

    def blocks(self, parent: Element) -> None:
        """Whatever stands in an element."""
        for one in parent:
            name = local(one)
            if name == "h":
                self.draft.heading(int(attribute(one, "outline-level") or 1), _text(one))
                self._beside(one)
            elif name == "p":
                self._paragraph(one, "")
            elif name == "list":
                self._list(one, attribute(one, "style-name"))
            elif name == "table":
                self._table(one)
            elif name == "frame" and attribute(one, "class") == "title":
                self.draft.heading(1, " ".join(map(_text, descendants(one, "p"))))
            elif name not in _SKIPPED:
                self.blocks(one)

    def sheets(self, parent: Element, source: str, columns: Columns = ()) -> Iterator[Document]:
        """The sheets of a workbook, each below its name."""
        tables = [one for one in parent if local(one) == "table"]
        for table in tables:
            part = DocumentBuilder()
            name = attribute(table, "name")
            called = source if table is tables[0] else f"{source}#{name}"
            yield from read_sheet(_grid(table, source), part, called, columns=columns)
            if part.lines and len(tables) > 1:
                self.draft.heading(1, name)
            self.draft.include(part.document(source))

    def _paragraph(self, paragraph: Element, label: str) -> None:
        text = _text(paragraph)
        if text:
            self.draft.block(f"{label} {text}")
        self._beside(paragraph)

    def _beside(self, paragraph: Element) -> None:
        """Text boxes and notes that belong to a paragraph."""
        for one in paragraph.iter():
            if local(one) == "text-box":
                self.blocks(one)
            elif local(one) == "note-body":
                self.draft.block(" ".join(map(_text, one)))

    def _list(self, items: Element, style: str) -> None:
        number = 0
        for item in items:
            number += local(item) == "list-item"
            label = f"{number}." if style in self._numbered else "-"
            for one in item:
                if local(one) == "list":
                    self._list(one, attribute(one, "style-name") or style)
                elif local(one) == "p":
                    self._paragraph(one, label if local(item) == "list-item" else "")
                    label = ""
                else:
                    self.blocks([one])

    def _table(self, table: Element) -> None:
        rows = _grid(table)
        if len(rows) < 2 or max(map(len, rows)) < 2 or any(True for _ in descendants(table, "h")):
            for cell in descendants(table, "table-cell"):
                self.blocks(cell)
        else:
            heads = child(table, "table-header-rows")
            self.draft.table(
                rows, sum(1 for _ in descendants(heads, "table-row")) if heads is not None else None
            )


def _numbered_lists(*roots: Element | None) -> frozenset[str]:
    styles = (one for root in roots if root is not None for one in descendants(root, "list-style"))
    return frozenset(
        attribute(one, "name") for one in styles if len(one) and local(one[0]) == "list-level-style-number"
    )


def _text(element: Element) -> str:
    """The text of a paragraph without what stands in boxes and notes."""
    return "".join(_pieces(element)).strip()


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for one in element:
        name = local(one)
        if name in ("s", "tab", "line-break"):
            yield " "
        elif name == "a":
            yield with_address("".join(_pieces(one)), attribute(one, "href"))
        elif name not in _ELSEWHERE:
            yield from _pieces(one)
        yield one.tail or ""


def _grid(table: Element, source: str = "") -> list[Row]:
    """The cells as they are shown; one that spans rows is repeated, one that spans columns is followed by None."""
    grid: list[Row] = []
    for row in descendants(table, "table-row"):
        texts = _row(row, grid[-1] if grid else ())
        times = int(attribute(row, "number-rows-repeated") or 1)
        grid += [texts] * (min(times, MOST_ROWS) if any(texts) else 1)
        if len(grid) > 2 * MOST_ROWS:
            raise UnreadableDocument(source, f"it has more than {MOST_ROWS:,} rows. Split it.")
    return grid


def _row(row: Element, above: Row) -> Row:
    texts: list[str | None] = []
    for cell in row:
        times = min(int(attribute(cell, "number-columns-repeated") or 1), _MOST_REPEATED)
        if local(cell) == "table-cell":
            texts += [" ".join(filter(None, map(_text, cell)))] * times
        elif local(cell) == "covered-table-cell":
            beside = len(texts) and int(attribute(row[len(texts) - 1], "number-columns-spanned") or 1) > 1
            texts += [None if beside or len(texts) >= len(above) else above[len(texts)]] * times
    while texts and not texts[-1]:
        texts.pop()
    return texts
