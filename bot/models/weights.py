"""Finds weights by name: verified files in a cache that all projects of a user share, downloaded if missing.

Other packages only see the path. A killed process does no harm (completed parts are kept, a file appears whole or not
at all), nor do two processes at once (one downloads, the other waits). A file is hashed once; after that its size and
modification time identify it.
"""

import errno
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Protocol

from filelock import FileLock
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bot.errors import NoRoom, UnknownWeights, Unreachable, WrongBytes
from bot.models.catalog import Catalog, CatalogEntry, load_catalog
from bot.models.download import Hub, Packages
from retrieval.files import sha256_of, write_atomically

VERIFIED_FILE = ".verified.json"


class WeightsSource(Protocol):
    """A place that may have an entry's files."""

    @property
    def name(self) -> str: ...

    def fetch(self, entry: CatalogEntry, work: Path, progress: Progress) -> None:
        """Writes the files to `work / "files"`, or raises Unreachable with the reason."""


class Weights:
    """The cache of one user. `hub` also serves ids that are in no catalog."""

    def __init__(
        self,
        folder: Path,
        hub: Hub,
        catalog: Catalog | None = None,
        places: Sequence[WeightsSource] | None = None,
    ) -> None:
        self.folder = folder
        self.catalog = load_catalog() if catalog is None else catalog
        self._hub = hub
        self._places = (hub, Packages()) if places is None else places

    def locate(self, name: str) -> Path | None:
        """The file or folder of `name`, a catalog entry, a local path or a hub id; downloaded if it is missing.

        None for an entry whose weights are part of a dependency.
        Raises UnknownWeights, Unreachable, WrongBytes and NoRoom.
        """
        if entry := self.catalog.get(name):
            return self._entry(entry)
        if (path := Path(name).expanduser()).exists():
            return path
        if found := self._hub.repository(name, self.folder / "hub"):
            return found
        raise UnknownWeights(name, tuple(self.catalog))

    def is_cached(self, entry: CatalogEntry) -> bool:
        """Whether `locate` needs no download."""
        return not entry.files or _is_verified(entry, self.folder / entry.name)

    def derived(
        self, source: Path, kind: str, make: Callable[[Path, Path], None], suffix: str | None = None
    ) -> Path:
        """What `make(source, target)` writes, kept in the cache and made again only if `source` changes.

        A file with the suffix of `source`, or a file or folder with another `suffix`.
        """
        stat = source.stat()
        suffix = source.suffix if suffix is None else suffix
        target = self.folder / "derived" / f"{source.stem}-{kind}-{stat.st_mtime_ns}{suffix}"
        with self._lock(target.name):
            if not target.exists():
                room = _room(source.name, self.folder, 2 * stat.st_size)
                with write_atomically(target) as partial, room, _bars() as progress:
                    progress.add_task(f"preparing {source.name}", total=None)
                    make(source, partial)
        return target

    def trim(self, source: Path, kind: str, keep: int) -> None:
        """Removes all but the `keep` newest derived from `source` whose kind begins with `kind`."""
        derived = (self.folder / "derived").glob(f"{escape(source.stem)}-{kind}*")
        for old in sorted(derived, key=lambda path: path.lstat().st_mtime_ns)[:-keep]:
            if old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.unlink(missing_ok=True)

    def _entry(self, entry: CatalogEntry) -> Path | None:
        if not entry.files:
            return None
        target = self.folder / entry.name
        if not _is_verified(entry, target):
            with self._lock(entry.name):
                if not _is_verified(entry, target) and not _intact(entry, target):
                    self._fetch(entry, target)
        return target / entry.main

    def _lock(self, name: str) -> FileLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / f".{name}.lock")

    def _fetch(self, entry: CatalogEntry, target: Path) -> None:
        work = self.folder / f".{entry.name}.partial"
        with _room(entry.name, self.folder, 2 * entry.size - _size(work)), _bars() as progress:
            self._fetch_from_places(entry, work, progress)
            _mark_verified(entry, work / "files")
        shutil.rmtree(target, ignore_errors=True)
        (work / "files").replace(target)
        shutil.rmtree(work)

    def _fetch_from_places(self, entry: CatalogEntry, work: Path, progress: Progress) -> None:
        refusals: list[Unreachable] = []
        wrong: list[WrongBytes] = []
        for place in self._places:
            try:
                place.fetch(entry, work, progress)
                return _verify(entry, work / "files", place.name)
            except Unreachable as error:
                refusals.append(error)
            except WrongBytes as error:
                shutil.rmtree(work)
                wrong.append(error)
        if wrong:
            raise wrong[0]
        raise Unreachable(
            f"{entry.name} is not on this machine and cannot be downloaded: {'; '.join(map(str, refusals))}. "
            f"Connect this machine to one of them, or copy the files into {self.folder / entry.name} from one that is."
        )


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


@contextmanager
def _room(name: str, folder: Path, needed: int) -> Iterator[None]:
    """Raises NoRoom if the disk has too little space, before the block or when it fills up."""
    if shutil.disk_usage(folder).free < needed:
        raise NoRoom(name, folder, needed)
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom(name, folder, needed) from None
        raise


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _verify(entry: CatalogEntry, folder: Path, place: str) -> None:
    for file, expected in entry.files.items():
        found = sha256_of(folder / file)
        if found != expected:
            raise WrongBytes(file, expected, found, place)


def _intact(entry: CatalogEntry, target: Path) -> bool:
    """Whether the right files are there unverified: copied by hand, or touched since they were verified."""
    if not all((target / file).is_file() for file in entry.files):
        return False
    if any(sha256_of(target / file) != expected for file, expected in entry.files.items()):
        return False
    _mark_verified(entry, target)
    return True


def _fingerprint(entry: CatalogEntry, folder: Path) -> dict[str, list[str | int]]:
    """What identifies verified files without hashing them: expected hash, size, modification time."""
    stats = {file: (folder / file).stat() for file in entry.files}
    return {file: [entry.files[file], stat.st_size, stat.st_mtime_ns] for file, stat in stats.items()}


def _mark_verified(entry: CatalogEntry, folder: Path) -> None:
    (folder / VERIFIED_FILE).write_text(json.dumps(_fingerprint(entry, folder), indent=1))


def _is_verified(entry: CatalogEntry, target: Path) -> bool:
    try:
        return bool(json.loads((target / VERIFIED_FILE).read_text()) == _fingerprint(entry, target))
    except (FileNotFoundError, json.JSONDecodeError):
        return False
