"""Reads a folder into entries for a new snapshot, taking over from the last one what has not changed.

A file whose bytes are the same is not parsed again, a file that is gone is gone. Knows nothing of vectors, nor of how
a snapshot is written or published.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from retrieval.archive import IngestedFile
from retrieval.chunking import Chunk, Chunking
from retrieval.documents import Document
from retrieval.errors import IngestFailed, UnreadableDocument
from retrieval.loaders import LOADERS, find_loader
from retrieval.snapshots import Snapshot

Progress = Callable[[str, int, int], None]
"""Told the stage (`read` counts files, `embed` and `embed 2` count chunks), what is done and how much there is."""

_LARGEST_FILE = 256 << 20


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did. snapshot: the one that is current now.

    problems: what could not be read and why, by source; notes: what of a file that was read could not be read.
    skipped: files of a kind that no loader reads.
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


def find_files(root: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The files below `root` that a loader reads, by the source they are called by, and the names of all
    others.

    `root` may be one file. Hidden files and folders are passed over. Raises IngestFailed where nothing is
    there to read.
    """
    if not root.exists():
        raise IngestFailed(f"{root} does not exist. Give a folder of documents, or one document.")
    base = root if root.is_dir() else root.parent
    found = sorted(root.rglob("*")) if root.is_dir() else [root]
    named = {_source(path, base): path for path in found if path.is_file()}
    seen = {
        name: path
        for name, path in named.items()
        if not any(part.startswith(".") for part in name.split("/"))
    }
    read = {name: path for name, path in seen.items() if path.suffix.lower() in LOADERS}
    if not read:
        raise IngestFailed(f"{root} holds no document. These kinds are read: {', '.join(sorted(LOADERS))}.")
    return read, tuple(name for name in seen if name not in read)


def _source(path: Path, base: Path) -> str:
    """The path below `base`; bytes of a name that are no UTF-8 become question marks."""
    return path.relative_to(base).as_posix().encode("utf-8", "replace").decode()


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
    load = find_loader(PurePosixPath(source).suffix.lower())
    try:
        documents = tuple(load(content, source))
    except UnreadableDocument:
        raise
    except Exception as error:
        raise UnreadableDocument(source, f"it is broken: {error or type(error).__name__}") from error
    contents = tuple((document, tuple(chunking.chunks(document))) for document in documents)
    if not any(chunks for _, chunks in contents):
        raise UnreadableDocument(source, "it holds no text")
    return contents
