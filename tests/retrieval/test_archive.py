import sqlite3
from pathlib import Path

from retrieval.archive import Archive, IngestedFile, write_archive
from retrieval.chunking import Chunking
from retrieval.documents import Document, Heading

FIRST_EDITION = """
CREATE TABLE files (path TEXT PRIMARY KEY, digest TEXT NOT NULL, problem TEXT NOT NULL);
CREATE TABLE documents (source TEXT PRIMARY KEY, file TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
    headings TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE chunks (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, heading TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, embedded TEXT NOT NULL);
INSERT INTO files VALUES ('a.md', 'd', '');
INSERT INTO documents VALUES ('a.md', 'a.md', 'Boats', 'Boats are lent.', '[[1, "Boats", 0]]', 'd');
INSERT INTO chunks VALUES (0, 'c', 'a.md', '', 0, 15, 'e');
"""


def test_what_was_decided_about_a_document_is_kept(tmp_path: Path) -> None:
    document = Document(
        "a.pdf",
        "Boats",
        "Boats\nare lent.\nImprint",
        (Heading(1, "Boats", 0),),
        ((6, 15),),
        (),
        (0, 6),
        ((16, 23),),
    )
    copy = Document("b.pdf", "Boats", document.text, copy_of="a.pdf")
    chunking = Chunking(least=0)
    entries = [
        IngestedFile(each.source, "d", ((each, tuple(chunking.chunks(each))),)) for each in (document, copy)
    ]
    write_archive(tmp_path / "passages.sqlite", entries)
    archive = Archive(tmp_path / "passages.sqlite")
    assert [archive.entry(entry.path) for entry in entries] == entries
    assert archive.copies("a.pdf") == ["b.pdf"] and archive.copies("b.pdf") == []


def test_an_archive_of_the_first_edition_is_read(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "passages.sqlite") as database:
        database.executescript(FIRST_EDITION)
    database.close()
    archive = Archive(tmp_path / "passages.sqlite")
    chunk = archive.chunks([0])[0]
    assert (chunk.text, chunk.page, archive.copies("a.md")) == ("Boats are lent.", None, [])
    assert archive.entry("a.md").contents[0][0] == archive.document("a.md")
