"""A release: a trained model with its files, and the record of which release is active for which task.

The files are stored in the deployment's database, in parts, so that all replicas have them without a shared disk.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from sqlalchemy import Connection, insert, select

from dialogue.store.database import Database
from finetune import schema
from finetune.errors import BadRelease
from retrieval.files import sha256_of

TASKS = ("rewrite", "answer", "retrieve")
LANGUAGE_TASKS = ("rewrite", "answer")
"""The tasks of the language model."""
BASE_RELEASE = "base"
"""Instead of a release's id: the base model without an adapter."""
SHIPPED_RELEASE = "shipped"
"""Instead of a release's id: the adapter that comes with this package."""
BUILT_IN_RELEASES: Mapping[str, tuple[str, ...]] = {BASE_RELEASE: TASKS, SHIPPED_RELEASE: LANGUAGE_TASKS}
"""What can be promoted without being in the database, and for which tasks."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """size: in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Release:
    """base: the model it was trained on, by its name in the catalog. decision: the gate's, once it has decided.

    files: by their path in the release's folder. Releases with the same base, tasks and files have the same id.
    """

    id: str
    tasks: tuple[str, ...]
    base: str
    parent: str | None
    dataset: str | None
    metrics: Mapping[str, Any]
    decision: Mapping[str, Any] | None
    files: Mapping[str, StoredFile]
    created_at: datetime

    @property
    def size(self) -> int:
        """The size of all files, in bytes."""
        return sum(file.size for file in self.files.values())


@dataclass(frozen=True, slots=True)
class ActiveModels:
    """names: a release's id, `base` or `shipped`, by task; a task without a name gets the default.

    number: of the promotion that set them, 0 before the first one.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    reason: str = ""
    since: datetime | None = None

    def given_to(self, name: str, tasks: Iterable[str]) -> dict[str, str]:
        """The names after `name` has taken over `tasks`."""
        return {**self.names, **dict.fromkeys(tasks, name)}

    @property
    def releases(self) -> Collection[str]:
        """The ids of the releases among the names."""
        return {name for name in self.names.values() if name not in BUILT_IN_RELEASES}


PART_SIZE = 1 << 20
"""Bytes per part."""
CONVERTED_FOLDER = "openvino"
"""The folder with an encoder's converted graph, which each machine makes for itself."""


def describe_files(folder: Path) -> dict[str, StoredFile]:
    """The files in `folder` by their path. Raises BadRelease if there are none."""
    found = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    files = {
        name: StoredFile(sha256_of(path), path.stat().st_size)
        for name, path in found.items()
        if CONVERTED_FOLDER not in PurePosixPath(name).parts
    }
    if not files:
        raise BadRelease(folder.name, f"{folder} holds no files")
    return files


def store_files(connection: Connection, release: str, folder: Path, files: Mapping[str, StoredFile]) -> None:
    """Writes the parts of all files. Raises BadRelease if a file has changed since `describe_files`."""
    for name, file in files.items():
        digest = hashlib.sha256()
        with (folder / name).open("rb") as source:
            for number, part in enumerate(_parts(source)):
                digest.update(part)
                row = {"release": release, "name": name, "part": number, "bytes": part}
                connection.execute(insert(schema.release_file).values(row))
        if digest.hexdigest() != file.sha256:
            raise BadRelease(release, f"{name} was changed while it was read")


async def fetch_files(database: Database, release: Release, folder: Path) -> None:
    """Writes the files to `folder`. Raises BadRelease if one is damaged, StoreUnavailable."""
    for name, file in release.files.items():
        with _open_for_writing(release.id, folder, name) as out:
            found = await _fetch_file(database, release.id, name, out)
        if found != file.sha256:
            raise BadRelease(release.id, f"{name} is damaged (SHA-256 {found}, expected {file.sha256})")


def _open_for_writing(release: str, folder: Path, name: str) -> BinaryIO:
    """Opens a file for writing. Raises BadRelease for a name that leads out of the folder."""
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise BadRelease(release, f"{name!r} leads out of its folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.open("wb")


async def _fetch_file(database: Database, release: str, name: str, out: BinaryIO) -> str:
    """Writes one file part by part and returns its SHA-256."""
    digest, number = hashlib.sha256(), 0
    while (part := await database.read(partial(_read_part, release, name, number))) is not None:
        digest.update(part)
        out.write(part)
        number += 1
    return digest.hexdigest()


def _read_part(release: str, name: str, number: int, connection: Connection) -> bytes | None:
    table = schema.release_file.c
    query = select(table.bytes).where(table.release == release, table.name == name, table.part == number)
    return connection.execute(query).scalar_one_or_none()


def _parts(source: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: source.read(PART_SIZE), b"")
