"""Word documents of before 2007: their text, by the piece table of the file (MS-DOC, 2.4.1). No styles are read."""

import re
import struct
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import groupby

import olefile

from retrieval.documents import Document, DocumentBuilder
from retrieval.errors import UnreadableDocument
from retrieval.tables import Row

_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_FLAGS, _MAIN_LENGTH, _PIECES = 0x0A, 0x4C, 0x01A2
"""Offsets in the file information block."""
_FIELD = re.compile("\x13[^\x13\x14\x15]*(?:\x14([^\x13\x15]*))?\x15")
"""A field's instruction, and its result."""
_OLD_VERSION = 0xC1


def load_doc(content: bytes, source: str) -> Iterator[Document]:
    """One document: paragraphs and tables. Raises UnreadableDocument for a locked file, or one of before 1997."""
    with olefile.OleFileIO(BytesIO(content)) as file:
        main = file.openstream("WordDocument").read()
        flags = struct.unpack_from("<H", main, _FLAGS)[0]
        if flags & _ENCRYPTED:
            raise UnreadableDocument(source, "it is locked by a password. Save it without one.")
        if struct.unpack_from("<H", main, 2)[0] < _OLD_VERSION:
            raise UnreadableDocument(source, "it was made by a program of before 1997. Save it as .docx.")
        pieces = file.openstream("1Table" if flags & _SECOND_TABLE else "0Table").read()
        title = file.get_metadata().title or b""
    length = struct.unpack_from("<I", main, _MAIN_LENGTH)[0]
    draft = DocumentBuilder()
    read_text(_text(main, pieces)[:length], draft)
    yield draft.document(source, title.decode("cp1252", "replace"))


def _text(main: bytes, table: bytes) -> str:
    """The pieces of the text in their order, each in UTF-16 or in the Windows encoding."""
    start, size = struct.unpack_from("<II", main, _PIECES)
    clx = table[start : start + size]
    while clx[:1] == b"\x01":
        clx = clx[3 + struct.unpack_from("<H", clx, 1)[0] :]
    count = (struct.unpack_from("<I", clx, 1)[0] - 4) // 12
    places = struct.unpack_from(f"<{count + 1}I", clx, 5)
    text = ""
    for number in range(count):
        offset = struct.unpack_from("<I", clx, 5 + 4 * (count + 1) + 8 * number + 2)[0]
        length = places[number + 1] - places[number]
        if offset & 0x40000000:
            first = (offset & 0x3FFFFFFF) // 2
            text += main[first : first + length].decode("cp1252", "replace")
        else:
            text += main[offset : offset + 2 * length].decode("utf-16-le", "replace")
    return text


def _results(text: str) -> str:
    """The text with the results of its fields, from the innermost out."""
    while (shorter := _FIELD.sub(lambda field: field.group(1) or "", text)) != text:
        text = shorter
    return text


def read_text(text: str, draft: DocumentBuilder) -> None:
    """Adds a text in which paragraphs end with a carriage return, cells with a bell, and rows with one more bell."""
    for is_table, lines in groupby(re.split("[\r\x0c]", _results(text)), key=lambda line: "\x07" in line):
        if not is_table:
            for line in lines:
                draft.block(line)
            continue
        *cells, after = "\n".join(lines).split("\x07")
        draft.table(_rows(cells))
        draft.block(after)


def _rows(cells: Sequence[str]) -> list[Row]:
    """The cells in rows: as many columns as let every row end with the empty cell that marks it."""
    for width in range(2, len(cells) + 1):
        if len(cells) % width == 0 and not any(cells[width - 1 :: width]):
            return [cells[start : start + width - 1] for start in range(0, len(cells), width)]
    return [cells]
