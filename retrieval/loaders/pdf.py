"""PDF: text in reading order, headings from bookmarks and type, tables, and the page on which each passage stands.

PDFium reads the file, also one that is encrypted without a password for reading. Pages that are only pictures are read
by `pdf_ocr` where that is installed, and named where it is not.
"""

import re
import threading
from collections.abc import Iterator, Sequence

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from retrieval.documents import Document, DocumentBuilder, readable_name
from retrieval.errors import UnreadableDocument
from retrieval.loaders.pdf_layout import Block, reading_order
from retrieval.loaders.pdf_ocr import recognized
from retrieval.loaders.pdf_structure import Bookmark, PageReader, Type, running_lines, title_line
from retrieval.loaders.pdf_text import read_pieces, read_rules

_NO_TITLE = re.compile(
    r"\W*(?:untitled|unnamed|no title|title|document|doc|dokument|presentation|slide|book|template|"
    r"microsoft (?:word|powerpoint|excel)\b.*|(?:powerpoint|powerpoint-)?\s*(?:presentation|präsentation)|"
    r"untitled document|unbenannt|sans titre|无标题|print(?:ing)?|scan\w*|layout)?[\W\d]*",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(
    r".*\.(?:indd|docx?|pdf|pptx?|xlsx?|odt|ods|rtf|tex|dvi|ps|eps|ai|graffle|pages|key|qxd|qxp|fm|pmd|cdr|html?|txt|md|pub|vsd|tiff?|png|jpe?g)"
    r"(?:\s.*)?|[a-z]:\\.*|file:.*|/.*/.*",
    re.IGNORECASE,
)
_PDFIUM = threading.Lock()
"""PDFium may be used by one thread at a time."""


def load_pdf(content: bytes, source: str) -> Iterator[Document]:
    """One document. Raises UnreadableDocument for a file with a password and for one that has no text at all."""
    with _PDFIUM:
        try:
            file = pdfium.PdfDocument(content)
        except pdfium.PdfiumError as error:
            if raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD or "password" in str(error).lower():
                raise UnreadableDocument(
                    source, "it is locked by a password. Save it without one."
                ) from error
            raise
        try:
            yield _read(file, source)
        finally:
            file.close()


def _read(file: pdfium.PdfDocument, source: str) -> Document:
    draft = DocumentBuilder()
    pages = [_blocks(page) for page in file]
    empty = [number for number, blocks in enumerate(pages) if not blocks]
    type = Type.of(pages)
    reader = PageReader(draft, type, _bookmarks(file), running_lines(pages))
    unread = 0
    for number, blocks in enumerate(pages):
        reader.read(number, blocks)
        if number in empty and (text := recognized(file[number])) is not None:
            reader.close()
            for line in text:
                draft.block(line)
        elif number in empty:
            unread += 1
    reader.close()
    if not draft.lines:
        raise UnreadableDocument(
            source,
            "it has pictures of pages and no text. Run text recognition on it first, or install groundtalk[ocr].",
        )
    if unread:
        draft.note(f"{unread} of {len(pages)} pages {'has' if unread == 1 else 'have'} no text")
    return draft.document(source, _title(file, pages[0], type, source))


def _blocks(page: pdfium.PdfPage) -> list[Block]:
    try:
        pieces = read_pieces(page)
        return reading_order(pieces, read_rules(page)) if pieces else []
    finally:
        page.close()


def _bookmarks(file: pdfium.PdfDocument) -> dict[int, list[Bookmark]]:
    found: dict[int, list[Bookmark]] = {}
    for mark in file.get_toc():
        target = mark.get_dest()
        page = target.get_index() if target else None
        if page is not None:
            found.setdefault(page, []).append(Bookmark(mark.level + 1, mark.get_title()))
    return found


def _title(file: pdfium.PdfDocument, first: Sequence[Block], type: Type, source: str) -> str:
    """The title in the file's properties, unless it is a program's default or a file's name; else the largest type of
    the first page, else the name of the file."""
    given = " ".join(file.get_metadata_value("Title").split())
    if not _NO_TITLE.fullmatch(given) and not _FILE_NAME.fullmatch(given):
        return given
    return title_line(first, type.body) or readable_name(source)
