"""Rich text: paragraphs, list items and tables."""

from collections.abc import Iterator
from itertools import groupby

from striprtf.striprtf import rtf_to_text

from retrieval.documents import Document, DocumentBuilder


def load_rtf(content: bytes, source: str) -> Iterator[Document]:
    """One document, called by its file's name: RTF has no heading that could be relied on."""
    text = rtf_to_text(content.decode("latin-1"), errors="replace")
    draft = DocumentBuilder()
    for is_table, lines in groupby(text.splitlines(), key=lambda line: line.endswith("|")):
        if is_table:
            draft.table([line.removesuffix("|").split("|") for line in lines])
        else:
            for line in lines:
                draft.block(line)
    yield draft.document(source)
