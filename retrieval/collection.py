"""A collection: the documents of one folder, ready to be searched, and renewed without disturbing who
searches.

Several processes may open the same collection; one at a time ingests into it, the others pick up what it
published.
"""

import logging
import shutil
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from retrieval.archive import IngestedFile
from retrieval.chunking import Chunking
from retrieval.embedding import Embedding
from retrieval.embedding_cache import EmbeddingCache
from retrieval.encoders.base import Encoder
from retrieval.errors import FingerprintMismatch, IngestFailed, RetrievalError, SnapshotDamaged
from retrieval.folder import FoundFiles, find_files
from retrieval.ingest import IngestReport, Progress, read_entries, reported, settled
from retrieval.loaders import LOADERS
from retrieval.snapshots import Making, Snapshot, SnapshotDirectory, write_snapshot

_log = logging.getLogger(__name__)


def _silent(stage: str, done: int, total: int) -> None:
    """Reports no progress."""


class Collection:
    """What stands in `folder`, which the first ingest makes. Safe to use from several threads.

    encoder: must be the one that embedded the documents; with another one, they are to be ingested again.
    """

    def __init__(self, folder: Path, encoder: Encoder, chunking: Chunking | None = None) -> None:
        self.folder = folder
        self.encoder = encoder
        self.chunking = chunking or Chunking()
        self._directory = SnapshotDirectory(folder)
        self._snapshot: Snapshot | None = None
        self._refused: str | None = None
        self._opening = threading.Lock()

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot that is searched now; None before the first ingest. Raises as `refresh` does."""
        if self._snapshot is None:
            self.refresh()
        return self._snapshot

    @property
    def published(self) -> bool:
        """Whether anything was ever published here, for this encoder or another."""
        return self._directory.current() is not None

    def refresh(self) -> bool:
        """Turns to the snapshot that was published last, by whichever process; says whether that is another
        one.

        A search that runs goes on with the one it has. Raises FingerprintMismatch or SnapshotDamaged.
        """
        with self._opening:
            id = self._directory.current()
            if id is None or (self._snapshot and self._snapshot.id == id):
                return False
            self._snapshot = self._open()
            return True

    def latest(self) -> Snapshot | None:
        """The newest snapshot that can be searched; one that cannot is reported once and the older one stays.

        Costs the reading of one small file where nothing new is published.
        """
        id = self._directory.current()
        if self._snapshot is None or id not in (self._snapshot.id, self._refused):
            try:
                self.refresh()
            except RetrievalError:
                if self._snapshot is None:
                    raise
                self._refused = id
                _log.exception(
                    "The new snapshot %s cannot be used; searching goes on in %s", id, self._snapshot.id
                )
        return self._snapshot

    def ingest(
        self, path: Path, progress: Progress = _silent, *, allow_removal: bool = False
    ) -> IngestReport:
        """Makes the collection hold what `path`, a folder or one file, holds now.

        Many new chunks are published in stages: found by keywords alone at first, then compared by each part of the
        encoder. What the last snapshot knows of the others is taken over at once. Killed at any time, the next ingest
        goes on where this one was. Where nothing has changed, no snapshot is made. Raises IngestRunning where another
        process is at it, and IngestFailed where `path` holds nothing readable or the disk is full; what was published
        before stays. More than half of the files are removed only with `allow_removal`, for a folder may be empty
        because a disk is not there.
        """
        with self._directory.locked():
            previous = self._previous()
            before = previous.archive.digests() if previous else {}
            found = find_files(path)
            _check_removal(path, found, before, allow_removal)
            entries = list(read_entries(found.read, self.chunking, previous, progress))
            if found.read and not any(entry.contents for entry in entries):
                raise IngestFailed(f"Nothing in {path} can be read: {_first_problem(entries)}")
            if previous is None or not self._holds(previous, _digests(entries)):
                entries = settled(entries, self.chunking)
            embedded = self._renew(previous, entries, progress)
        self.refresh()
        return reported(self._directory.current() or "", before, entries, found, embedded)

    def adopt(self, folder: Path, progress: Progress = _silent) -> None:
        """Makes the collection hold what the one in `folder` holds, embedded by this one's encoder.

        With its own folder, it completes what a killed ingest left, or embeds anew what another encoder embedded.
        Chunks that it holds already are not embedded again. Raises IngestRunning where another process is at it,
        IngestFailed, and SnapshotDamaged where nothing whole stands in `folder`.
        """
        with self._directory.locked():
            previous, other = self._previous(), Collection(folder, self.encoder)._previous()
            if other is None:
                raise SnapshotDamaged(folder, "it holds no snapshot that can be read")
            entries = [other.archive.entry(path) for path in other.archive.digests()]
            self._renew(previous, entries, progress)
        self.refresh()

    def _open(self) -> Snapshot:
        """The current snapshot; asks again where it was replaced and pruned while it was being opened."""
        while id := self._directory.current():
            try:
                snapshot = Snapshot(self._directory.path_of(id))
            except SnapshotDamaged:
                if self._directory.current() == id:
                    raise
                continue
            if snapshot.manifest.encoder != self.encoder.fingerprint:
                raise FingerprintMismatch(self.folder, snapshot.manifest.encoder, self.encoder.fingerprint)
            return snapshot
        raise SnapshotDamaged(self.folder, "CURRENT is gone")

    def _previous(self) -> Snapshot | None:
        """The current snapshot, whoever embedded it; None where there is none or it is damaged."""
        id = self._directory.current()
        try:
            return Snapshot(self._directory.path_of(id)) if id else None
        except SnapshotDamaged as error:
            _log.warning("%s Everything is ingested anew.", error)
            return None

    def _holds(self, snapshot: Snapshot, digests: Mapping[str, str]) -> bool:
        """Whether it was made of these files, by these means."""
        manifest = snapshot.manifest
        same_way = (manifest.encoder, manifest.chunking) == (self.encoder.fingerprint, repr(self.chunking))
        return same_way and snapshot.archive.digests() == digests

    def _renew(self, previous: Snapshot | None, entries: Sequence[IngestedFile], progress: Progress) -> int:
        """Publishes the entries, stage by stage; returns how many chunks could not be taken over."""
        holds = previous is not None and self._holds(previous, _digests(entries))
        published = previous.manifest.stage if previous and holds else -1
        if previous and holds and previous.manifest.complete:
            return 0
        try:
            with EmbeddingCache.open(self.folder / "embedding.sqlite") as cache:
                chunks = [chunk for entry in entries for chunk in entry.chunks]
                embedding = Embedding(chunks, self.encoder, previous, cache)
                for stage in embedding.stages(progress):
                    if stage > published:
                        self._publish(entries, embedding, stage)
                cache.remove()
        except (OSError, RuntimeError, sqlite3.Error) as error:
            shutil.rmtree(self._directory.staging, ignore_errors=True)
            raise IngestFailed(
                f"The new snapshot cannot be written into {self.folder}: {error}. "
                "Free some space and ingest again; what was there before stays in use."
            ) from error
        return embedding.new

    def _publish(self, entries: Sequence[IngestedFile], embedding: Embedding, stage: int) -> None:
        making = Making(self.encoder.fingerprint, repr(self.chunking), stage, embedding.last_stage)
        manifest = write_snapshot(self._directory.staging, entries, embedding.vectors, making)
        self._directory.publish(manifest.id)


def _check_removal(path: Path, found: FoundFiles, before: Mapping[str, str], allowed: bool) -> None:
    """Raises IngestFailed where nothing is there to read, or most of what was there is gone.

    A folder that shares no file with the one before is another folder, not a loss.
    """
    known = {name for name, digest in before.items() if digest}
    gone = known - found.read.keys()
    if not found.read and not known:
        kinds = ", ".join(sorted(LOADERS))
        raise IngestFailed(f"{path} holds no document. These kinds are read: {kinds}.")
    if len(gone) * 2 > len(known) and (gone != known or not found.read) and not allowed:
        raise IngestFailed(
            f"{len(gone)} of {len(known)} documents are gone from {path}, so the index stays as it is. "
            "If they were removed on purpose, ingest again and allow the removal.",
            remedies=("allow_removal",),
        )


def _digests(entries: Sequence[IngestedFile]) -> dict[str, str]:
    return {entry.path: entry.digest for entry in entries}


def _first_problem(entries: Sequence[IngestedFile]) -> str:
    return next(f"{entry.path}: {entry.problem}." for entry in entries)
