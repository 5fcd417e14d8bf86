"""Formats that are known and not read: what to do instead is all that is said of them."""

from collections.abc import Iterable

from retrieval.documents import Document
from retrieval.errors import UnreadableDocument


def refuse_xls(content: bytes, source: str) -> Iterable[Document]:
    """Raises UnreadableDocument."""
    raise UnreadableDocument(source, "the format of Excel before 2007 is not read. Save it as .xlsx.")


def refuse_ppt(content: bytes, source: str) -> Iterable[Document]:
    """Raises UnreadableDocument."""
    raise UnreadableDocument(source, "the format of PowerPoint before 2007 is not read. Save it as .pptx.")
