"""Reads a folder into entries for a new snapshot, taking over from the last one what has not changed.

A file whose bytes are the same is not parsed again, a file that is gone is gone. Knows nothing of vectors, nor of how
a snapshot is written or published.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from retrieval.archive import IngestedFile
from retrieval.chunking import Chunk, Chunking
from retrieval.documents import Document
from retrieval.errors import UnreadableDocument
from retrieval.folder import FoundFiles
from retrieval.loaders.detection import load_file
from retrieval.repetition import without_repetition
from retrieval.snapshots import Snapshot

Progress = Callable[[str, int, int], None]
"""Told the stage (`read` counts files, `embed` and `embed 2` count chunks), what is done and how much there is."""

_LARGEST_FILE = 256 << 20


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did. snapshot: the one that is current now.

    problems: what could not be read and why, by source; notes: what of a file that was read could not be read.
    skipped: files of a kind that no loader reads. copies: documents that say the same as another one, and that one.
    embedded: chunks that the encoder had to read; the others were taken over.
    """

    snapshot: str
    documents: int
    chunks: int
    embedded: int
    added: int
    changed: int
    removed: int
    problems: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    copies: dict[str, str] = field(default_factory=dict)


def read_entries(
    files: dict[str, Path], chunking: Chunking, previous: Snapshot | None, progress: Progress
) -> Iterator[IngestedFile]:
    """One entry a file, in order; an unreadable file gives one with a problem."""
    same_chunking = previous is not None and previous.manifest.chunking == repr(chunking)
    known = previous.archive.digests() if previous and same_chunking else {}
    for done, (source, path) in enumerate(files.items(), 1):
        try:
            content = _content(path, source)
            digest = hashlib.sha256(content).hexdigest()
            if previous and known.get(source) == digest:
                yield previous.archive.entry(source)
            else:
                contents = _load(content, source, chunking)
                notes = dict.fromkeys(note for document, _ in contents for note in document.notes)
                yield IngestedFile(source, digest, contents, "; ".join(notes))
        except UnreadableDocument as error:
            yield IngestedFile(source, "", problem=error.reason)
        progress("read", done, len(files))


def _content(path: Path, source: str) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise UnreadableDocument(source, f"it is larger than {_LARGEST_FILE >> 20} MB. Split it.")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableDocument(source, f"it cannot be read: {error.strerror}") from error


def _load(content: bytes, source: str, chunking: Chunking) -> tuple[tuple[Document, tuple[Chunk, ...]], ...]:
    """The documents of a file with their chunks; whatever a library raises on broken bytes is a problem."""
    try:
        documents = tuple(load_file(content, source, chunking.faq_columns))
    except UnreadableDocument:
        raise
    except Exception as error:
        raise UnreadableDocument(source, f"it is broken: {error or type(error).__name__}") from error
    contents = tuple((document, tuple(chunking.chunks(document))) for document in documents)
    if not any(chunks for _, chunks in contents):
        raise UnreadableDocument(source, "it holds no text")
    return contents


def settled(entries: Sequence[IngestedFile], chunking: Chunking) -> list[IngestedFile]:
    """The entries with what all documents together decide: which lines repeat on most pages, which are copies.

    Chunks of documents for which nothing new is decided are taken over.
    """
    decided = iter(without_repetition([document for entry in entries for document, _ in entry.contents]))
    return [
        replace(
            entry,
            contents=tuple(
                (now, chunks if now == before else tuple(chunking.chunks(now)))
                for (before, chunks), now in zip(entry.contents, decided)  # noqa: B905 - the second is longer
            ),
        )
        for entry in entries
    ]


def reported(
    snapshot: str,
    before: Mapping[str, str],
    entries: Sequence[IngestedFile],
    found: FoundFiles,
    embedded: int,
) -> IngestReport:
    """What an ingest did. `before`: the digests of the last snapshot's files; an empty one's file was not read."""
    then = {path: digest for path, digest in before.items() if digest}
    now = {entry.path: entry.digest for entry in entries if entry.contents}
    documents = [document for entry in entries for document, _ in entry.contents]
    return IngestReport(
        snapshot=snapshot,
        documents=len(documents),
        chunks=sum(1 for entry in entries for _ in entry.chunks),
        embedded=embedded,
        added=len(now.keys() - then.keys()),
        changed=sum(then[path] != digest for path, digest in now.items() if path in then),
        removed=len(then.keys() - now.keys()),
        problems=found.refused
        | {entry.path: entry.problem for entry in entries if entry.problem and not entry.contents},
        notes={entry.path: entry.problem for entry in entries if entry.problem and entry.contents},
        skipped=found.skipped,
        copies={document.source: document.copy_of for document in documents if document.copy_of},
    )
