"""The files of a release in the database, in parts: what every replica has that shares it, without a shared disk.

Knows folders and parts. Does not know what the files are for.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from sqlalchemy import Connection, insert, select

from dialogue import schema
from dialogue.database import Database
from finetune.errors import BadRelease
from finetune.release import Release, StoredFile

PART = 1 << 20
"""Bytes of a part."""
CONVERTED = "openvino"
"""The folder in which an encoder keeps its converted graph: each machine makes its own."""


def survey(folder: Path) -> dict[str, StoredFile]:
    """The files below `folder` by their path there. Raises BadRelease where there are none."""
    found = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    files = {
        name: StoredFile(_sha256(path), path.stat().st_size)
        for name, path in found.items()
        if CONVERTED not in PurePosixPath(name).parts
    }
    if not files:
        raise BadRelease(folder.name, f"{folder} holds no files")
    return files


def store_files(connection: Connection, release: str, folder: Path, files: Mapping[str, StoredFile]) -> None:
    """Writes the parts of all files. Raises BadRelease where a file is no longer what `survey` saw."""
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
    """Writes the files below `folder`. Raises BadRelease where one is damaged, StoreUnavailable."""
    for name, file in release.files.items():
        with _opened(release.id, folder, name) as out:
            found = await _fetch(database, release.id, name, out)
        if found != file.sha256:
            raise BadRelease(release.id, f"{name} is damaged (SHA-256 {found}, expected {file.sha256})")


def _opened(release: str, folder: Path, name: str) -> BinaryIO:
    """The file, to be written. Raises BadRelease for a name that leads out of the folder."""
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise BadRelease(release, f"{name!r} leads out of its folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.open("wb")


async def _fetch(database: Database, release: str, name: str, out: BinaryIO) -> str:
    """Writes one file part by part; its SHA-256."""
    digest, number = hashlib.sha256(), 0
    while (part := await database.read(partial(_part, release, name, number))) is not None:
        digest.update(part)
        out.write(part)
        number += 1
    return digest.hexdigest()


def _part(release: str, name: str, number: int, connection: Connection) -> bytes | None:
    table = schema.release_file.c
    query = select(table.bytes).where(table.release == release, table.name == name, table.part == number)
    return connection.execute(query).scalar_one_or_none()


def _parts(source: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: source.read(PART), b"")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
