"""The folder in which the snapshots of a collection stand, and which of them is the current one.

    CURRENT          the id of the current snapshot, replaced atomically
    ingest.lock      held by the one process that makes a new snapshot
    snapshots/ID/    complete snapshots
    snapshots/.new   one in the making; a leftover of a killed process is removed by the next ingest

Knows nothing of what a snapshot holds.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from retrieval.errors import IngestRunning
from retrieval.snapshot import flush

_KEPT = 3
"""Snapshots kept, so that a process which is just opening one finds it whole."""


@dataclass(frozen=True, slots=True)
class Shelf:
    folder: Path

    @property
    def making(self) -> Path:
        """Where the next snapshot is written before it has an id."""
        return self.folder / "snapshots" / ".new"

    def current(self) -> str | None:
        """The id of the current snapshot; None where nothing was published yet."""
        try:
            return (self.folder / "CURRENT").read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None

    def place(self, id: str) -> Path:
        return self.folder / "snapshots" / id

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time; raises IngestRunning where another is at it. A killed one lets go."""
        self.making.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "ingest.lock", timeout=0):
                shutil.rmtree(self.making, ignore_errors=True)
                yield
        except Timeout as error:
            raise IngestRunning(self.folder) from error

    def publish(self, id: str) -> None:
        """Makes what was written in `making` the current snapshot, in one step; then removes the oldest."""
        self.making.rename(self.place(id))
        flush(self.making.parent)
        pointer = self.folder / "CURRENT.new"
        pointer.write_text(f"{id}\n", "utf-8")
        flush(pointer)
        pointer.replace(self.folder / "CURRENT")
        flush(self.folder)
        self._prune()

    def _prune(self) -> None:
        current = self.current()
        complete = sorted(path for path in self.making.parent.iterdir() if not path.name.startswith("."))
        for old in complete[:-_KEPT]:
            if old.name != current:
                shutil.rmtree(old, ignore_errors=True)
