"""The documents and chunks of a snapshot in one SQLite file, written once and only read after that.

A chunk's row is the position of its vector. Knows nothing of vectors or of search.
"""

import hashlib
import json
import re
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from retrieval.chunking import Chunk
from retrieval.documents import Document, Heading
from retrieval.errors import SnapshotDamaged

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
BEGIN;
CREATE TABLE files (path TEXT PRIMARY KEY, digest TEXT NOT NULL, problem TEXT NOT NULL);
CREATE TABLE documents (
    source TEXT PRIMARY KEY, file TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
    headings TEXT NOT NULL, digest TEXT NOT NULL, marks TEXT NOT NULL, copy_of TEXT NOT NULL);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, heading TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, embedded TEXT NOT NULL, page INTEGER);
CREATE INDEX chunks_source ON chunks (source);
CREATE INDEX documents_file ON documents (file);
CREATE INDEX documents_copy_of ON documents (copy_of) WHERE copy_of <> '';
"""
_DOCUMENTS = "SELECT source, title, text, headings, marks, copy_of FROM documents WHERE"
_CHUNKS = """
SELECT id, chunks.source, title, heading, first, last, substr(text, first + 1, last - first), page
FROM chunks JOIN documents USING (source) WHERE """
_MARKS = ("rows", "pages", "hidden")
_EARLIER = (("marks", "'{}' AS marks"), ("copy_of", "'' AS copy_of"), ("page", "NULL AS page"))
"""What archives of earlier editions lack, and what stands for it."""


@dataclass(frozen=True, slots=True)
class IngestedFile:
    """A file as it was ingested: the digest of its bytes and its documents with chunks.

    problem: why it has no documents, or what of it is missing in them.
    """

    path: str
    digest: str
    contents: tuple[tuple[Document, tuple[Chunk, ...]], ...] = ()
    problem: str = ""

    @property
    def chunks(self) -> Iterator[Chunk]:
        return (chunk for _, chunks in self.contents for chunk in chunks)


def embedding_key(chunk: Chunk) -> str:
    """Names what an encoder reads of a chunk; chunks with equal keys have equal vectors."""
    return hashlib.sha256(chunk.embedded.encode()).hexdigest()


def write_archive(path: Path, entries: Iterable[IngestedFile]) -> None:
    """Writes the entries; rows count the chunks from 0 in their order."""
    database = sqlite3.connect(path)
    try:
        database.executescript(_SCHEMA)
        row = 0
        for entry in entries:
            row = _write_entry(database, entry, row)
        database.commit()
    finally:
        database.close()


def _write_entry(database: sqlite3.Connection, entry: IngestedFile, row: int) -> int:
    """Returns the row after the last one written."""
    database.execute("INSERT INTO files VALUES (?, ?, ?)", (entry.path, entry.digest, entry.problem))
    for document, chunks in entry.contents:
        headings = json.dumps([astuple(heading) for heading in document.headings], ensure_ascii=False)
        database.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(document.source, entry.path, document.title, document.text, headings, document.digest),
                *(_marks(document), document.copy_of),
            ),
        )
        rows = (
            (
                number,
                chunk.id,
                chunk.source,
                chunk.heading,
                chunk.start,
                chunk.end,
                embedding_key(chunk),
                chunk.page,
            )
            for number, chunk in enumerate(chunks, row)
        )
        database.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        row += len(chunks)
    return row


class Archive:
    """Opens what `write_archive` wrote; safe to read from several threads. Closed when nobody holds it any more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            self._database = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise SnapshotDamaged(path.parent, f"{path.name}: {error}") from error
        weakref.finalize(self, self._database.close)
        self._documents, self._chunks = self._fitted(_DOCUMENTS), self._fitted(_CHUNKS)

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks at `rows`, in that order."""
        return [Chunk(*self._ask(f"{self._chunks} row = ?", row)[0]) for row in rows]

    def chunk(self, id: str) -> Chunk | None:
        found = self._ask(f"{self._chunks} id = ?", id)
        return Chunk(*found[0]) if found else None

    def document(self, source: str) -> Document | None:
        found = self._ask(f"{self._documents} source = ?", source)
        return _document(*found[0]) if found else None

    def texts(self) -> Iterator[str]:
        """What the keyword index reads of every chunk, by row."""
        for values in self._database.execute(f"{self._chunks} true ORDER BY row"):
            yield Chunk(*values).embedded

    def copies(self, source: str) -> list[str]:
        """The sources of the documents that say the same as this one."""
        if "''" in self._documents:
            return []
        return [
            copy
            for (copy,) in self._ask(
                "SELECT source FROM documents WHERE copy_of = ? AND copy_of <> '' ORDER BY source", source
            )
        ]

    def digests(self) -> dict[str, str]:
        """The digest of the bytes of every file, by path."""
        return dict(self._ask("SELECT path, digest FROM files"))

    def chunks_below(self, path: str) -> Iterator[Chunk]:
        """The chunks of a document, of a file or of the files in a folder, by row; of all where the path is empty."""
        below = "? IN ('', chunks.source, file) OR instr(file, ? || '/') = 1"
        for values in self._database.execute(f"{self._chunks} {below} ORDER BY row", (path, path)):
            yield Chunk(*values)

    def keys(self) -> dict[str, int]:
        """A row for every embedding key."""
        return dict(self._ask("SELECT embedded, row FROM chunks"))

    def entry(self, path: str) -> IngestedFile:
        """A file as it was ingested."""
        digest, problem = self._ask("SELECT digest, problem FROM files WHERE path = ?", path)[0]
        found = self._ask(f"{self._documents} file = ? ORDER BY rowid", path)
        documents = [_document(*values) for values in found]
        return IngestedFile(
            path, digest, tuple((document, self._chunks_of(document)) for document in documents), problem
        )

    def _chunks_of(self, document: Document) -> tuple[Chunk, ...]:
        found = self._ask(f"{self._chunks} chunks.source = ? ORDER BY row", document.source)
        return tuple(Chunk(*values) for values in found)

    def _fitted(self, query: str) -> str:
        """A query in which what this archive lacks, as one of an earlier edition, has its default."""
        known = {
            row[1] for table in ("documents", "chunks") for row in self._ask(f"PRAGMA table_info({table})")
        }
        for column, default in _EARLIER:
            if column not in known:
                query = re.sub(rf"\b{column}\b", default, query)
        return query

    def _ask(self, query: str, *values: str | int) -> list[Any]:
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise SnapshotDamaged(self._path.parent, f"{self._path.name}: {error}") from error


def _marks(document: Document) -> str:
    return json.dumps({name: getattr(document, name) for name in _MARKS if getattr(document, name)})


def _document(source: str, title: str, text: str, headings: str, marks: str, copy_of: str) -> Document:
    found = json.loads(marks)
    return Document(
        source,
        title,
        text,
        tuple(Heading(*values) for values in json.loads(headings)),
        rows=tuple((start, end) for start, end in found.get("rows", ())),
        pages=tuple(found.get("pages", ())),
        hidden=tuple((start, end) for start, end in found.get("hidden", ())),
        copy_of=copy_of,
    )
