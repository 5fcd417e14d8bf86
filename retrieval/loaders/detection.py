"""What a file is by its first bytes, where its name says something else; and what no loader is asked to open.

A file with the wrong suffix is read as what it is. What unpacks to far too much, and what is locked by a password, is
refused here, before any library opens it.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from zipfile import BadZipFile, ZipFile

import olefile

from retrieval.documents import Document
from retrieval.errors import UnreadableDocument
from retrieval.loaders import LOADERS, SHEETS, Columns, find_loader, suffix_of

LARGEST_UNPACKED = 512 << 20
_MOST_MEMBERS = 20_000
_ZIP, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOLDERS = {"word/": ".docx", "xl/": ".xlsx", "ppt/": ".pptx"}
_MEDIA_TYPES = {
    b"application/vnd.oasis.opendocument.text": ".odt",
    b"application/vnd.oasis.opendocument.spreadsheet": ".ods",
    b"application/vnd.oasis.opendocument.presentation": ".odp",
    b"application/epub+zip": ".epub",
}
_STREAMS = {
    "WordDocument": ".doc",
    "Workbook": ".xls",
    "Book": ".xls",
    "PowerPoint Document": ".ppt",
    "__properties_version1.0": ".msg",
}
"""What a compound file, the format of Office before 2007, holds, and what it is then."""
_COMPOUNDS = (*_STREAMS.values(), ".dot", ".xlt", ".pps")
_BINARIES = re.compile(
    rb"\x89PNG|\xff\xd8\xff|GIF8|\x7fELF|MZ[\x80-\xff]\0|\x1f\x8b|7z\xbc|Rar!|RIFF....|OggS|ID3[\2-\4]|\0\0\0.ftyp",
    re.DOTALL,
)
_HTML = re.compile(rb"\s*(?:<!doctype html|<html\b)", re.IGNORECASE)
_MANIFEST = "META-INF/manifest.xml"
_LOCKED = "it is locked by a password. Save it without one."


def load_file(content: bytes, source: str, columns: Columns = ()) -> Iterator[Document]:
    """The documents of a file of a kind that is read. Raises UnreadableDocument, or what a library raises.

    columns: those of questions and answers, where their names do not say so.
    """
    suffix = true_suffix(content, suffix_of(source), source)
    chosen = {"columns": columns} if suffix in SHEETS else {}
    for document in find_loader(suffix)(content, source, **chosen):
        lost = document.text.count("\ufffd")
        note = (f"{lost} damaged characters are shown as \ufffd",) if lost else ()
        yield replace(document, notes=(*document.notes, *note))


def true_suffix(content: bytes, named: str, source: str) -> str:
    """The suffix that suits the content: the one in the file's name, unless the content is clearly something else."""
    if content.startswith(_ZIP):
        return _zipped(content, named, source)
    if content.startswith(_COMPOUND):
        return _compound(content, source)
    if content.startswith(b"%PDF-"):
        return ".pdf"
    if content.lstrip()[:5] == b"{\\rtf":
        return ".rtf"
    if named in _COMPOUNDS and _HTML.match(content):
        return ".html"
    if _BINARIES.match(content) or named in (*_FOLDERS.values(), *_MEDIA_TYPES.values(), *_COMPOUNDS, ".rtf"):
        raise UnreadableDocument(source, f"it is no {named} file, whatever its name says")
    return named


def _zipped(content: bytes, named: str, source: str) -> str:
    try:
        with ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > LARGEST_UNPACKED:
                raise UnreadableDocument(
                    source, f"it unpacks to more than {LARGEST_UNPACKED >> 20} MB. Split it."
                )
            if any(member.flag_bits & 1 for member in members) or b"encryption-data" in _read(
                archive, _MANIFEST
            ):
                raise UnreadableDocument(source, _LOCKED)
            found = _kind([member.filename for member in members], _read(archive, "mimetype"))
    except (BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise UnreadableDocument(source, f"it is broken: {error}") from error
    if found is None:
        raise UnreadableDocument(source, "it is an archive. Unpack it.")
    return named if LOADERS.get(named) == LOADERS[found] else found


def _read(archive: ZipFile, name: str) -> bytes:
    """The beginning of a part; nothing where there is no such part."""
    if name not in archive.namelist():
        return b""
    with archive.open(name) as part:
        return part.read(1 << 20)


def _kind(names: Sequence[str], media_type: bytes) -> str | None:
    """The suffix of an office document or book, by its parts; None for any other archive."""
    for folder, suffix in _FOLDERS.items():
        if "[Content_Types].xml" in names and any(name.startswith(folder) for name in names):
            return suffix
    return next(
        (suffix for known, suffix in _MEDIA_TYPES.items() if media_type.strip().startswith(known)), None
    )


def _compound(content: bytes, source: str) -> str:
    try:
        with olefile.OleFileIO(BytesIO(content)) as file:
            names = {path[0] for path in file.listdir()}
    except (OSError, ValueError, IndexError) as error:
        raise UnreadableDocument(source, f"it is broken: {error}") from error
    if "EncryptedPackage" in names:
        raise UnreadableDocument(source, _LOCKED)
    for stream, suffix in _STREAMS.items():
        if stream in names:
            return suffix
    raise UnreadableDocument(source, "it is of a kind that is not read. Save it as .docx, .xlsx or .pdf.")
