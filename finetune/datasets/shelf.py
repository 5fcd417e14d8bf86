"""The folder of all datasets, which several processes use: who builds, who changes, and who was forgotten meanwhile.

A build takes minutes, and somebody may be forgotten after their words were read. They are noted here, and the build
erases them before anybody sees its dataset. Knows files and locks; knows nothing of what stands in them.
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from finetune.errors import DatasetError

UNFINISHED = ".building-"
PATIENCE = 1.0
"""Seconds that a build waits for its turn: who forgets looks for a moment whether one runs."""


class Shelf:
    """folder: made if need be."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._noted = folder / ".forgotten"
        self._building = FileLock(folder / ".building.lock")
        self._changing = FileLock(folder / ".changing.lock")

    @contextmanager
    def building(self) -> Iterator[None]:
        """One build at a time; what a killed one left is cleared away. Raises DatasetError while another runs."""
        try:
            self._building.acquire(timeout=PATIENCE)
        except Timeout:
            raise DatasetError(self.folder, "are being built already: wait for that build") from None
        try:
            self._clear()
            yield
        finally:
            self._building.release()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """While datasets come and go."""
        with self._changing:
            yield

    def note(self, conversations: Collection[str]) -> None:
        """Tell a build that runs who was forgotten, and clear away what a killed one left. Call it while changing."""
        try:
            with self._building.acquire(timeout=0):
                self._clear()
        except Timeout:
            with self._noted.open("a", encoding="utf-8") as noted:
                noted.writelines(f"{conversation}\n" for conversation in conversations)

    def noted(self) -> frozenset[str]:
        """Conversations that were forgotten since the build began."""
        return frozenset(self._noted.read_text("utf-8").split()) if self._noted.exists() else frozenset()

    def _clear(self) -> None:
        self._noted.unlink(missing_ok=True)
        for left in self.folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
