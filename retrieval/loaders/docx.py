"""Word documents: paragraphs, headings by their style, list items and tables, in reading order."""

import re
from collections.abc import Iterator
from io import BytesIO

import docx
from docx.table import Table
from docx.text.paragraph import Paragraph

from retrieval.documents import Document, DocumentBuilder

_HEADING = re.compile(r"(?:Heading|heading|标题) ?([1-9])")


def load_docx(content: bytes, source: str) -> Iterator[Document]:
    """One document, titled as its properties say, or by its title paragraph or first heading."""
    word = docx.Document(BytesIO(content))
    draft = DocumentBuilder()
    for block in word.iter_inner_content():
        if isinstance(block, Table):
            _read_table(block, draft)
        else:
            _read_paragraph(block, draft)
    yield draft.document(source, word.core_properties.title)


def _read_paragraph(paragraph: Paragraph, draft: DocumentBuilder) -> None:
    style = (paragraph.style.name if paragraph.style else "") or ""
    heading = _HEADING.match(style)
    if heading or style == "Title":
        draft.heading(int(heading.group(1)) if heading else 1, paragraph.text)
    elif paragraph.text.strip():
        draft.block(f"- {paragraph.text}" if style.startswith("List") else paragraph.text)


def _read_table(table: Table, draft: DocumentBuilder) -> None:
    for row in table.rows:
        cells = dict.fromkeys(" ".join(cell.text.split()) for cell in row.cells)
        draft.block(" | ".join(cells))
