"""Plain text, and how bytes become characters for every loader of text."""

from collections.abc import Iterator

from retrieval.documents import Document, DocumentBuilder
from retrieval.errors import UnreadableDocument
from retrieval.loaders.encodings import likeliest_encoding


def load_text(content: bytes, source: str) -> Iterator[Document]:
    """One document, its lines as they are."""
    draft = DocumentBuilder()
    for line in decoded(content, source).splitlines():
        draft.block(line)
    yield draft.document(source)


def decoded(content: bytes, source: str) -> str:
    """The characters of a text file, in whichever encoding it is written; a damaged one becomes U+FFFD.

    Raises UnreadableDocument where the bytes are no text.
    """
    encoding = likeliest_encoding(content)
    if encoding is None:
        raise UnreadableDocument(source, "it is no text, or its encoding is unknown. Save it as UTF-8.")
    return content.decode(encoding, "replace").removeprefix("\ufeff")
