"""Immutable snapshots of a collection on disk: writing one, opening it, publishing it, and pruning old ones.

The layout of a snapshot's folder is fixed as format 2:

    manifest.json    format, id, encoder (its fingerprint), chunking, documents, chunks, files (their SHA-256); stage:
                     how many parts of the encoder have embedded all chunks, of how many (stages)
    passages.sqlite  files, documents and chunks; a chunk's row is its vector's
    vectors.faiss    one vector a chunk, zeros where it is not known yet; empty where none is known
    keywords/        BM25 over the same rows: vocabulary, parameters and arrays

Format 1, which is still read, has no stages: its snapshots are complete.

`CURRENT` in the collection's folder names the snapshot that is searched. Knows nothing of loaders, nor of encoders
beyond their fingerprint.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from retrieval.archive import Archive, IngestedFile, write_archive
from retrieval.encoders.base import Vectors
from retrieval.errors import IngestRunning, SnapshotDamaged
from retrieval.files import flush, sha256_of, write_atomically
from retrieval.index import Index, VectorIndex, write_vectors
from retrieval.keywords import KeywordIndex

FORMAT = 2
_WITHOUT_STAGES = 1
_MANIFEST = "manifest.json"
_PASSAGES = "passages.sqlite"
_VECTORS = "vectors.faiss"
_KEYWORDS = "keywords"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot holds. id: when it was made, and of what; encoder: whose vectors, by fingerprint.

    stage: how many of the encoder's `stages` parts have embedded all chunks; 0 leaves new chunks to the keywords.
    """

    format: int
    id: str
    encoder: str
    chunking: str
    documents: int
    chunks: int
    files: dict[str, str]
    stage: int = 1
    stages: int = 1

    @property
    def complete(self) -> bool:
        """Whether every chunk has its whole vector."""
        return self.stage == self.stages

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises SnapshotDamaged where it is missing or not of this format."""
        try:
            values = json.loads((folder / _MANIFEST).read_text("utf-8"))
            if values["format"] not in (_WITHOUT_STAGES, FORMAT):
                raise SnapshotDamaged(folder, f"its format is {values['format']}, not {FORMAT}")
            return cls(**values)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SnapshotDamaged(folder, f"{_MANIFEST} cannot be read ({error})") from error


class Snapshot:
    """An open snapshot: searching it goes on undisturbed when others are published or this one is pruned."""

    def __init__(self, folder: Path) -> None:
        """Raises SnapshotDamaged where a file is missing or is not the one that was written."""
        self.manifest = Manifest.read(folder)
        for name, digest in self.manifest.files.items():
            if not (folder / name).is_file() or sha256_of(folder / name) != digest:
                raise SnapshotDamaged(folder, f"{name} is missing or altered")
        self.id = self.manifest.id
        self.archive = Archive(folder / _PASSAGES)
        self.index = Index(
            VectorIndex(folder / _VECTORS),
            KeywordIndex(folder / _KEYWORDS),
            keyword_rows=self.manifest.chunks,
            complete=self.manifest.complete,
        )


@dataclass(frozen=True, slots=True)
class Making:
    """How a snapshot was made: encoder (its fingerprint), chunking, and `stage` of `stages`."""

    encoder: str
    chunking: str
    stage: int = 1
    stages: int = 1


def write_snapshot(
    folder: Path, entries: Sequence[IngestedFile], vectors: Vectors, making: Making
) -> Manifest:
    """Writes a whole snapshot into the new folder and on to the disk; the manifest comes last.

    vectors: one row for each chunk of `entries`, in their order.
    """
    folder.mkdir(parents=True)
    write_archive(folder / _PASSAGES, entries)
    if making.stage == making.stages:
        write_vectors(folder / _VECTORS, vectors)
    else:
        write_vectors(folder / _VECTORS, vectors if vectors.any() else vectors[:0], exact_up_to=len(vectors))
    KeywordIndex.write(folder / _KEYWORDS, (chunk.embedded for entry in entries for chunk in entry.chunks))
    manifest = _manifest(folder, entries, making)
    (folder / _MANIFEST).write_text(json.dumps(asdict(manifest), indent=1), "utf-8")
    for path in (*_files(folder), folder / _KEYWORDS, folder):
        flush(path)
    return manifest


def _manifest(folder: Path, entries: Sequence[IngestedFile], making: Making) -> Manifest:
    files = {path.relative_to(folder).as_posix(): sha256_of(path) for path in _files(folder)}
    content = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    return Manifest(
        format=FORMAT,
        id=f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{content[:8]}",
        documents=sum(len(entry.contents) for entry in entries),
        chunks=sum(1 for entry in entries for _ in entry.chunks),
        files=files,
        **asdict(making),
    )


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


_KEPT_SNAPSHOTS = 3
"""Snapshots kept, so that a process which is just opening one finds it whole."""


@dataclass(frozen=True, slots=True)
class SnapshotDirectory:
    """The snapshots of one collection: which is current, and how a new one takes its place."""

    folder: Path

    @property
    def staging(self) -> Path:
        """Where the next snapshot is written before it has an id."""
        return self.folder / "snapshots" / ".new"

    def current(self) -> str | None:
        """The id of the current snapshot; None where nothing was published yet."""
        try:
            return (self.folder / "CURRENT").read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None

    def path_of(self, id: str) -> Path:
        return self.folder / "snapshots" / id

    @contextmanager
    def locked(self) -> Iterator[None]:
        """For one process at a time. Raises IngestRunning if another holds the lock; a killed process releases it."""
        self.staging.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "ingest.lock", timeout=0):
                shutil.rmtree(self.staging, ignore_errors=True)
                yield
        except Timeout as error:
            raise IngestRunning(self.folder) from error

    def publish(self, id: str) -> None:
        """Makes what was written to `staging` the current snapshot, in one step; then removes the oldest ones."""
        self.staging.rename(self.path_of(id))
        flush(self.staging.parent)
        with write_atomically(self.folder / "CURRENT") as pointer:
            pointer.write_text(f"{id}\n", "utf-8")
            flush(pointer)
        flush(self.folder)
        self._prune()

    def _prune(self) -> None:
        current = self.current()
        complete = sorted(path for path in self.staging.parent.iterdir() if not path.name.startswith("."))
        for old in complete[:-_KEPT_SNAPSHOTS]:
            if old.name != current:
                shutil.rmtree(old, ignore_errors=True)
