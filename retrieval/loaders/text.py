"""Plain text, and how bytes become characters for every loader of text."""

from collections.abc import Iterator

from charset_normalizer import from_bytes

from retrieval.documents import Document, DocumentBuilder
from retrieval.errors import UnreadableDocument


def load_text(content: bytes, source: str) -> Iterator[Document]:
    """One document, its lines as they are."""
    draft = DocumentBuilder()
    for line in decoded(content, source).splitlines():
        draft.block(line)
    yield draft.document(source)


def decoded(content: bytes, source: str) -> str:
    """The characters of a text file: UTF-8, or by byte order mark, or the likeliest older encoding (GB18030,
    Big5, ...).

    Raises UnreadableDocument where the bytes are no text.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        best = from_bytes(content).best()
    if best is None:
        raise UnreadableDocument(source, "its encoding is unknown. Save it as UTF-8.")
    return str(best)
