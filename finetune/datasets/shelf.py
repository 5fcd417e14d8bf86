"""The folder of all datasets, which several processes use: who builds, who changes, and who was forgotten meanwhile.

A build takes minutes, and somebody may be forgotten after their words were read. They are noted here until somebody
has erased them, be it the build or, where it was killed, whoever comes next. Knows files and locks; knows nothing of
what stands in them.
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

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
        """One build at a time. Raises DatasetError while another runs."""
        try:
            self._building.acquire(timeout=PATIENCE)
        except Timeout:
            raise DatasetError(self.folder, "are being built already: wait for that build") from None
        try:
            yield
        finally:
            self._building.release()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """While datasets come and go."""
        with self._changing:
            yield

    def note(self, conversations: Collection[str]) -> None:
        """Tell a build that runs who was forgotten. Call it while changing."""
        with self._alone() as alone:
            if not alone:
                with self._noted.open("a", encoding="utf-8") as noted:
                    noted.writelines(f"{conversation}\n" for conversation in conversations)

    def noted(self) -> frozenset[str]:
        """Conversations that were forgotten while a build ran, and may stand in what it published."""
        return frozenset(self._noted.read_text("utf-8").split()) if self._noted.exists() else frozenset()

    def clear(self) -> None:
        """Drop the note, and what a killed build left, unless another build runs.

        Call it while changing, and only when all that is noted is erased.
        """
        with self._alone() as alone:
            if alone:
                self._noted.unlink(missing_ok=True)
                for left in self.folder.glob(f"{UNFINISHED}*"):
                    shutil.rmtree(left, ignore_errors=True)

    def remove(self, place: Path) -> None:
        """A dataset's folder: gone at once, and then its files; `clear` removes those that a kill leaves.

        Call it while changing.
        """
        aside = Path(mkdtemp(prefix=UNFINISHED, dir=self.folder))
        place.rename(aside / place.name)
        shutil.rmtree(aside)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether nobody else builds; as long as this lasts nobody begins to."""
        try:
            self._building.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            self._building.release()
