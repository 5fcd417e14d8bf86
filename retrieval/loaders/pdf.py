"""PDF: the text of the pages, with the lines of a paragraph joined again. Scanned pages have none."""

import re
from collections.abc import Iterator
from io import BytesIO

from pypdf import PdfReader

from retrieval.documents import Document, DocumentBuilder
from retrieval.errors import UnreadableDocument

_HYPHEN = re.compile(r"(?<=[a-z])-\n(?=[a-z])")
_MID_SENTENCE = re.compile(r"(?<=[^\n.!?。！？:：;；])\n(?=[^\W\d_A-Z])")


def load_pdf(content: bytes, source: str) -> Iterator[Document]:
    """One document, titled as its properties say; raises UnreadableDocument for a locked or a scanned file."""
    reader = PdfReader(BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableDocument(source, "it is locked by a password. Save it without one.")
    draft = DocumentBuilder()
    for page in reader.pages:
        for line in _joined(page.extract_text()).splitlines():
            draft.block(line)
    if not draft.lines:
        raise UnreadableDocument(
            source, "it has pictures of pages and no text. Run text recognition on it first."
        )
    yield draft.document(source, reader.metadata.title if reader.metadata else None)


def _joined(text: str) -> str:
    """A line that goes on in lower case, or in Chinese without a stop before it, belongs to the one above."""
    return _MID_SENTENCE.sub(_glue, _HYPHEN.sub("", text))


def _glue(broken: re.Match[str]) -> str:
    before = broken.string[broken.start() - 1]
    return "" if before >= "\u2e80" else " "
