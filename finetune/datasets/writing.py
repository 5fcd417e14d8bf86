"""Writes a dataset aside and puts it in place whole: whoever looks sees all of it or nothing.

Rows go to disk as they come. Knows files, hashes and the manifest; knows nothing of what is left out.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import IO, Self

from finetune.datasets.card import card
from finetune.datasets.dataset import CARD, MANIFEST, Dataset, identity
from finetune.datasets.manifest import FileRecord, Import, Manifest, Source, Window
from finetune.datasets.shelf import UNFINISHED
from finetune.datasets.splitting import group_of, split_of
from finetune.examples import Example


class DatasetWriter:
    """Use it as a context manager: what was not published by its end is removed."""

    def __init__(self, datasets: Path) -> None:
        """datasets: the folder that holds all of them."""
        self._datasets = datasets
        self._folder = Path(mkdtemp(prefix=UNFINISHED, dir=datasets))
        self._files: dict[str, _File] = {}
        self._lineage: dict[str, tuple[Source, ...]] = {}
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

    def add(self, kind: str, example: Example, sources: Iterable[Source] = ()) -> None:
        """sources: the turns whose words are in it; none of an imported example."""
        self.add_line(kind, example.id, example.model_dump_json(), sources)

    def add_line(self, kind: str, name: str, line: str, sources: Iterable[Source] = ()) -> None:
        """The example `name` as the JSON that it is."""
        file = f"{kind}.{split_of(group_of(name))}.jsonl"
        if file not in self._files:
            self._files[file] = _File(self._open.enter_context((self._folder / file).open("wb")))
        self._files[file].write(line)
        if lineage := tuple(sources):
            self._lineage[name] = lineage

    def sources(self, name: str) -> tuple[Source, ...]:
        """The turns behind the example `name`."""
        return self._lineage.get(name, ())

    def path(self, kind: str, split: str) -> Path | None:
        """A file as far as it is written; None if there is none."""
        file = self._files.get(f"{kind}.{split}.jsonl")
        if file is None:
            return None
        file.flush()
        return self._folder / f"{kind}.{split}.jsonl"

    def publish(
        self,
        *,
        filters: Mapping[str, int],
        imports: Iterable[Import] = (),
        log: Window,
        replaces: Iterable[str] = (),
        forgotten: int = 0,
    ) -> Dataset:
        """Puts the dataset in place; where the same examples are there already, those stay. Raises DatasetError."""
        self._open.close()
        files = {name: file.record() for name, file in sorted(self._files.items())}
        manifest = Manifest(
            id=identity(files),
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
            _succeed(place, manifest)
        else:
            _describe(self._folder, manifest)
            self._folder.rename(place)
        return Dataset.open(place)


def _succeed(place: Path, manifest: Manifest) -> None:
    """The dataset with the same examples takes the place of what this one would have taken the place of."""
    known = Dataset.described(place).manifest
    if not set(manifest.replaces) <= set(known.replaces):
        replaces = tuple(dict.fromkeys((*known.replaces, *manifest.replaces)))
        _describe(place, known.model_copy(update={"replaces": replaces}))


def _describe(folder: Path, manifest: Manifest) -> None:
    for name, text in ((MANIFEST, manifest.model_dump_json(indent=1) + "\n"), (CARD, card(manifest))):
        aside = folder / f".{name}"
        aside.write_text(text, encoding="utf-8")
        aside.replace(folder / name)


class _File:
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
