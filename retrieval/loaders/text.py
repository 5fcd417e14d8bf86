"""Plain text, and how bytes become characters for every loader of text."""

import re
from collections.abc import Iterator

from retrieval.documents import Document, DocumentBuilder
from retrieval.errors import UnreadableDocument
from retrieval.loaders.encodings import likeliest_encoding

_MARGIN = range(50, 100)
"""How long a line is that was broken by a program."""
_PROSE = re.compile(r"\s*[^\W\d_]|\s*[(\"'“„«]?[^\W_]+[^\W_.)\]]")
_COLUMNS = re.compile(r"\S\s{3,}\S|\t|\|")
_HAS_WORDS = re.compile(r"\w")
_IDEOGRAPHS = "\u2e80"


def load_text(content: bytes, source: str) -> Iterator[Document]:
    """One document, its paragraphs as lines."""
    draft = DocumentBuilder()
    for line in paragraphs(decoded(content, source)):
        draft.block(line)
    yield draft.document(source)


def paragraphs(text: str) -> Iterator[str]:
    """The lines of a text; those that were broken only because they had become long are joined again."""
    paragraph = ""
    last = ""
    for line in text.splitlines():
        if not _HAS_WORDS.search(line):
            line = ""
        if paragraph and _goes_on(last, line):
            paragraph += line if line.strip()[:1] >= _IDEOGRAPHS else f" {line.strip()}"
        else:
            yield paragraph
            paragraph = line
        last = line
    yield paragraph


def _goes_on(above: str, line: str) -> bool:
    """Whether a line continues the one above it, which a program has broken at its margin."""
    if (
        not _MARGIN.start <= len(above.rstrip()) < _MARGIN.stop
        or _COLUMNS.search(line)
        or not _PROSE.match(line)
    ):
        return False
    return line.lstrip()[:1].islower() or not above.rstrip().endswith((".", "!", "?", ":", "|", "。"))


def decoded(content: bytes, source: str) -> str:
    """The characters of a text file, in whichever encoding it is written; a damaged one becomes U+FFFD.

    Raises UnreadableDocument where the bytes are no text.
    """
    encoding = likeliest_encoding(content)
    if encoding is None:
        raise UnreadableDocument(source, "it is no text, or its encoding is unknown. Save it as UTF-8.")
    return content.decode(encoding, "replace").removeprefix("\ufeff")
