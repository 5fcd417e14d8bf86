"""Word documents, in reading order: headings, numbered lists, tables, text boxes, notes, page headers once.

Changes that are tracked count as accepted; the table of contents and comments are left out.
"""

from collections.abc import Iterable, Iterator

from retrieval.documents import Document, DocumentBuilder
from retrieval.errors import UnreadableDocument
from retrieval.loaders.docx_headings import is_bold, typed_headings
from retrieval.loaders.docx_styles import Numbering, Styles
from retrieval.loaders.docx_text import boxes, is_on, notes, paragraph_text
from retrieval.loaders.packages import Element, Package, attribute, child, descendants, local
from retrieval.tables import Row

_WRAPPERS = frozenset(
    ["sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "AlternateContent", "Choice"]
)
_CONTENTS_STYLES = ("toc ", "table of figures")


def load_docx(content: bytes, source: str) -> Iterator[Document]:
    """One document, titled as its properties say, or by its first heading."""
    package = Package(content)
    main = package.related("officeDocument")
    root = package.xml(main)
    body = child(root, "body")
    if body is None:
        raise UnreadableDocument(source, "it is broken: it has no body")
    reader = WordReader(package, main, body)
    reader.page_text("header")
    reader.blocks(body)
    reader.page_text("footer")
    yield reader.draft.document(source, package.title())


class WordReader:
    """Reads the parts of one document into `draft`."""

    def __init__(self, package: Package, main: str, body: Element) -> None:
        self.draft = DocumentBuilder()
        self._package = package
        self._main = main
        self._links = _links(package, main)
        self._styles = Styles(package.xml(package.related("styles", main)))
        self._typed = typed_headings(body, self._styles)
        self._numbering = Numbering.of(package.xml(package.related("numbering", main)))
        self._notes = {kind: self._notes_of(kind) for kind in ("footnote", "endnote")}
        self._read: set[str] = set()

    def page_text(self, kind: str) -> None:
        """What stands above or below every page, each line once; a mere page number is none."""
        for found, target in self._package.relations(self._main).values():
            root = self._package.xml(target) if found == kind else None
            for paragraph in descendants(root, "p") if root is not None else ():
                line = " ".join(paragraph_text(paragraph).split())
                if sum(map(str.isalpha, line)) > 8 and line not in self._read:
                    self._read.add(line)
                    self.draft.block(line)

    def blocks(self, parent: Element) -> None:
        """Paragraphs and tables, also those within content controls."""
        for one in parent:
            name = local(one)
            if name == "p":
                self._paragraph(one)
            elif name == "tbl":
                self._table(one)
            elif name in _WRAPPERS and not _is_contents(one):
                self.blocks(one)

    def _paragraph(self, paragraph: Element) -> None:
        if not self._styles.name(paragraph).lower().startswith(_CONTENTS_STYLES):
            self._add(paragraph, paragraph_text(paragraph, self._links))
        for box in boxes(paragraph):
            self.blocks(box)
        for kind, id in notes(paragraph):
            self.draft.block(self._notes[kind].get(id, ""))

    def _add(self, paragraph: Element, text: str) -> None:
        level = self._styles.heading_level(paragraph) or self._typed.get(paragraph, 0)
        label = self._label(paragraph) if text.strip() else ""
        if level:
            self.draft.heading(level, f"{label} {text}" if label != "-" else text)
        else:
            for line in f"{label} {text}".splitlines():
                self.draft.block(line)

    def _label(self, paragraph: Element) -> str:
        """The bullet or number before a paragraph."""
        id = self._styles.property(paragraph, "numPr", "numId")
        if id and id != "0":
            return self._numbering.label(id, int(self._styles.property(paragraph, "numPr", "ilvl") or 0))
        return "-" if self._styles.name(paragraph).lower().startswith("list bullet") else ""

    def _table(self, table: Element) -> None:
        rows = [*_rows(table)]
        if _is_layout(rows, self._styles):
            for row in rows:
                for cell in _cells(row):
                    self.blocks(cell)
        else:
            self.draft.table(self._grid(rows), _marked_heads(rows))

    def _grid(self, rows: Iterable[Element]) -> list[Row]:
        """The cells as text; one that goes on from the row above repeats it."""
        grid: list[Row] = []
        for row in rows:
            texts: list[str | None] = [""] * _skipped(row)
            for cell in _cells(row):
                above = grid[-1][len(texts)] if grid and len(texts) < len(grid[-1]) else ""
                texts.append((above or "") if _goes_on(cell) else self._cell_text(cell))
                texts += [None] * (_span(cell) - 1)
            grid.append(texts)
        return grid

    def _cell_text(self, cell: Element) -> str:
        lines = []
        for paragraph in descendants(cell, "p"):
            text = paragraph_text(paragraph, self._links)
            label = self._label(paragraph) if text.strip() else ""
            lines.append(f"{label} {text}".strip())
        return "\n".join(filter(None, lines))

    def _notes_of(self, kind: str) -> dict[str, str]:
        """The texts of all footnotes, or endnotes, by id."""
        part = self._package.related(f"{kind}s", self._main)
        root, links = self._package.xml(part), _links(self._package, part)
        return {
            attribute(note, "id"): " ".join(paragraph_text(one, links) for one in descendants(note, "p"))
            for note in (root if root is not None else ())
        }


def _links(package: Package, part: str) -> dict[str, str]:
    """The addresses of the links in a part, by id."""
    return {id: target for id, (kind, target) in package.relations(part).items() if kind == "hyperlink"}


def _is_contents(control: Element) -> bool:
    """Whether a content control holds the table of contents."""
    gallery = child(control, "sdtPr", "docPartObj", "docPartGallery")
    return gallery is not None and attribute(gallery, "val") == "Table of Contents"


def _rows(table: Element) -> Iterator[Element]:
    return (one for one in _unwrapped(table) if local(one) == "tr" and child(one, "trPr", "del") is None)


def _cells(row: Element) -> Iterator[Element]:
    return (one for one in _unwrapped(row) if local(one) == "tc")


def _unwrapped(parent: Element) -> Iterator[Element]:
    for one in parent:
        if local(one) in _WRAPPERS:
            yield from _unwrapped(one)
        else:
            yield one


def _span(cell: Element) -> int:
    span = child(cell, "tcPr", "gridSpan")
    return int(attribute(span, "val") or 1) if span is not None else 1


def _skipped(row: Element) -> int:
    """How many columns a row leaves out before its first cell."""
    before = child(row, "trPr", "gridBefore")
    return int(attribute(before, "val") or 0) if before is not None else 0


def _goes_on(cell: Element) -> bool:
    """Whether the cell is a part of the one above it."""
    merge = child(cell, "tcPr", "vMerge")
    return merge is not None and attribute(merge, "val") != "restart"


def _is_layout(rows: list[Element], styles: Styles) -> bool:
    """Whether a table only places text on the page: one row or column, or headings and tables within its cells."""
    cells = [list(_cells(row)) for row in rows]
    if len(rows) < 2 or max(map(len, cells), default=0) < 2:
        return True
    below = [cell for row in cells[1:] for cell in row]
    return any(
        any(True for _ in descendants(cell, "tbl")) or any(map(styles.heading_level, descendants(cell, "p")))
        for cell in below
    )


def _marked_heads(rows: list[Element]) -> int | None:
    """How many rows the document marks as heads; None where it marks none."""
    marked = 0
    while marked < len(rows) and is_on(child(rows[marked], "trPr", "tblHeader")):
        marked += 1
    if marked and marked < len(rows):
        return marked
    return 1 if is_bold(rows[0]) and not is_bold(rows[1]) else None
