"""The directory that holds all datasets, and how a dataset is written to it.

A dataset is written aside and moved into place in one step. Several processes may use the directory: locks keep
builds apart, and conversations that are erased while a build runs are noted until they have been removed from its
result, either by that build or, if it was killed, by whichever process comes next.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import IO, Self

from filelock import FileLock, Timeout

from finetune.datasets.dataset import (
    CARD_FILE,
    MANIFEST_FILE,
    SPLITS,
    Dataset,
    DatasetManifest,
    FileRecord,
    ImportRecord,
    SourceTurns,
    TimeWindow,
    dataset_id,
    group_of,
    split_of,
)
from finetune.errors import DatasetError
from finetune.examples import Example
from retrieval.files import write_atomically

UNFINISHED_PREFIX = ".building-"
LOCK_TIMEOUT = 1.0
"""Seconds that a build waits for the lock, which `forget` holds for a moment to see whether a build is running."""


class DatasetDirectory:
    """folder: created if it does not exist. remove_tree: deletes a folder with all that is in it."""

    def __init__(self, folder: Path, remove_tree: Callable[[Path], None] = shutil.rmtree) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._remove_tree = remove_tree
        self._noted = folder / ".forgotten"
        self._building = FileLock(folder / ".building.lock")
        self._changing = FileLock(folder / ".changing.lock")

    @contextmanager
    def building(self) -> Iterator[None]:
        """Holds the lock of builds. Raises DatasetError if another build is running."""
        try:
            self._building.acquire(timeout=LOCK_TIMEOUT)
        except Timeout:
            raise DatasetError(self.folder, "are being built already: wait for that build") from None
        try:
            yield
        finally:
            self._building.release()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Holds the lock for adding and removing datasets."""
        with self._changing:
            yield

    def note(self, conversations: Collection[str]) -> None:
        """Tells a running build what was forgotten. Call it in `changing()`."""
        with self._alone() as alone:
            if not alone:
                with self._noted.open("a", encoding="utf-8") as noted:
                    noted.writelines(f"{conversation}\n" for conversation in conversations)

    def noted(self) -> frozenset[str]:
        """Conversations that were forgotten while a build ran, and may be in its result."""
        return frozenset(self._noted.read_text("utf-8").split()) if self._noted.exists() else frozenset()

    def clear(self) -> None:
        """Deletes the note, and what a killed build left behind, unless a build is running.

        Call it in `changing()`, and only after everything noted has been erased.
        """
        with self._alone() as alone:
            if alone:
                self._noted.unlink(missing_ok=True)
                for left in self.folder.glob(f"{UNFINISHED_PREFIX}*"):
                    shutil.rmtree(left, ignore_errors=True)

    def remove(self, place: Path) -> None:
        """Removes a dataset in one step, then deletes its files; after a kill, `clear` deletes the rest.

        Call it in `changing()`.
        """
        aside = Path(mkdtemp(prefix=UNFINISHED_PREFIX, dir=self.folder))
        place.rename(aside / place.name)
        self._remove_tree(aside)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no build is running; none can start until the end of the block."""
        try:
            self._building.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            self._building.release()


def dataset_card(manifest: DatasetManifest) -> str:
    """Markdown without lineage, so that it can be shown to people who may not see whose words these are."""
    return "\n".join(_card_lines(manifest)) + "\n"


def row_counts(manifest: DatasetManifest) -> dict[str, tuple[int, ...]]:
    """Rows by kind: train, validation, test."""
    kinds = sorted({name.split(".")[0] for name in manifest.files})
    return {
        kind: tuple(
            record.rows if (record := manifest.files.get(f"{kind}.{split}.jsonl")) else 0 for split in SPLITS
        )
        for kind in kinds
    }


def _card_lines(manifest: DatasetManifest) -> Iterator[str]:
    yield f"# Dataset {manifest.id}"
    yield ""
    yield f"| examples | {' | '.join(SPLITS)} |"
    yield "|---|" + "---:|" * len(SPLITS)
    for kind, rows in row_counts(manifest).items():
        yield f"| {kind} | {' | '.join(map(str, rows))} |"
    yield ""
    yield from _origin_lines(manifest)
    yield ""
    yield "## Left out or changed"
    yield ""
    yield "| reason | |"
    yield "|---|---:|"
    yield from (f"| {reason} | {count} |" for reason, count in manifest.filters.items())
    if manifest.forgotten:
        yield f"| forgotten later | {manifest.forgotten} |"


def _origin_lines(manifest: DatasetManifest) -> Iterator[str]:
    logged = {source.conversation for sources in manifest.lineage.values() for source in sources}
    if logged:
        since, until = manifest.log.since, manifest.log.until
        days = f"{since:%Y-%m-%d}" if since else "the first day", f"{until:%Y-%m-%d}" if until else "today"
        yield f"From {len(logged)} logged conversations, answered from {days[0]} to {days[1]}."
    for item in manifest.imports:
        yield f"- imported: {item.name}, {item.rows} rows, SHA-256 {item.sha256}"
    if manifest.replaces:
        yield f"Takes the place of {', '.join(manifest.replaces)}, from which people were forgotten."


class DatasetWriter:
    """A context manager; what has not been published at its end is deleted."""

    def __init__(self, datasets: Path) -> None:
        """datasets: the folder that holds all of them."""
        self._datasets = datasets
        self._folder = Path(mkdtemp(prefix=UNFINISHED_PREFIX, dir=datasets))
        self._files: dict[str, _ExampleFile] = {}
        self._lineage: dict[str, tuple[SourceTurns, ...]] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self._files.values())

    def add(self, kind: str, example: Example, sources: Iterable[SourceTurns] = ()) -> None:
        """sources: the turns that its words come from; none for an imported example."""
        self.add_line(kind, example.id, example.model_dump_json(), sources)

    def add_line(self, kind: str, name: str, line: str, sources: Iterable[SourceTurns] = ()) -> None:
        """Adds the example `name`, given as JSON."""
        file = f"{kind}.{split_of(group_of(name))}.jsonl"
        if file not in self._files:
            self._files[file] = _ExampleFile(self._open.enter_context((self._folder / file).open("wb")))
        self._files[file].write(line)
        if lineage := tuple(sources):
            self._lineage[name] = lineage

    def sources(self, name: str) -> tuple[SourceTurns, ...]:
        """The turns behind the example `name`."""
        return self._lineage.get(name, ())

    def path(self, kind: str, split: str) -> Path | None:
        """A file with what has been written so far; None if there is none."""
        file = self._files.get(f"{kind}.{split}.jsonl")
        if file is None:
            return None
        file.flush()
        return self._folder / f"{kind}.{split}.jsonl"

    def publish(
        self,
        *,
        filters: Mapping[str, int],
        imports: Iterable[ImportRecord] = (),
        log: TimeWindow,
        replaces: Iterable[str] = (),
        forgotten: int = 0,
    ) -> Dataset:
        """Publishes the dataset, unless one with the same examples exists already. Raises DatasetError."""
        self._open.close()
        files = {name: file.record() for name, file in sorted(self._files.items())}
        manifest = DatasetManifest(
            id=dataset_id(files),
            files=files,
            filters=dict(sorted(filters.items())),
            lineage=dict(sorted(self._lineage.items())),
            imports=tuple(imports),
            log=log,
            replaces=tuple(replaces),
            forgotten=forgotten,
        )
        place = self._datasets / manifest.id
        if place.exists():
            _inherit_replaced(place, manifest)
        else:
            _write_description(self._folder, manifest)
            self._folder.rename(place)
        return Dataset.open(place)


def _inherit_replaced(place: Path, manifest: DatasetManifest) -> None:
    """The existing dataset with the same examples also replaces what this one would have replaced."""
    known = Dataset.described(place).manifest
    if not set(manifest.replaces) <= set(known.replaces):
        replaces = tuple(dict.fromkeys((*known.replaces, *manifest.replaces)))
        _write_description(place, known.model_copy(update={"replaces": replaces}))


def _write_description(folder: Path, manifest: DatasetManifest) -> None:
    for name, text in (
        (MANIFEST_FILE, manifest.model_dump_json(indent=1) + "\n"),
        (CARD_FILE, dataset_card(manifest)),
    ):
        with write_atomically(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")


class _ExampleFile:
    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self.rows = 0

    def write(self, line: str) -> None:
        row = line.encode() + b"\n"
        self._out.write(row)
        self._hash.update(row)
        self.rows += 1

    def flush(self) -> None:
        self._out.flush()
        os.fsync(self._out.fileno())

    def record(self) -> FileRecord:
        return FileRecord(sha256=self._hash.hexdigest(), rows=self.rows)
