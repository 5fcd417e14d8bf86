"""Vectors that were computed for a snapshot that is not complete yet: an ingest that is killed goes on from here.

Knows texts by their embedding key and encoders by their fingerprint.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np

from retrieval.encoders.base import Vectors

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS vectors (
    encoder TEXT NOT NULL, key TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, key)) WITHOUT ROWID;
"""


class EmbeddingCache:
    """One file, written by one process at a time."""

    def __init__(self, path: Path) -> None:
        """A file that is no cache, or a damaged one, is replaced by an empty one."""
        self._path = path
        try:
            self._database = self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            self.remove()
            self._database = self._connect()

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        cache = cls(path)
        try:
            yield cache
        finally:
            cache._database.close()

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path)
        try:
            database.executescript(_SCHEMA)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def add(self, encoder: str, keys: Sequence[str], vectors: Vectors) -> None:
        """Once this returns, a killed process loses them no more."""
        rows = ((encoder, key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True))
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def fill(self, encoder: str, keys: Sequence[str], vectors: Vectors) -> list[int]:
        """Puts what is known into the rows of `vectors`, one for each key; returns the rows of the others."""
        unknown = []
        for row, key in enumerate(keys):
            found = self._database.execute(
                "SELECT vector FROM vectors WHERE encoder = ? AND key = ?", (encoder, key)
            ).fetchone()
            if found is None or len(found[0]) != vectors[row].nbytes:
                unknown.append(row)
            else:
                vectors[row] = np.frombuffer(found[0], np.float32)
        return unknown

    def remove(self) -> None:
        """Deletes the file, when a snapshot holds all of it."""
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
