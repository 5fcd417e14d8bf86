"""The releases of a deployment and which of them are live, in its database: the truth that all replicas share.

Knows rows. Does not know how a release is loaded, nor whether it is any good: that is the gate's.
"""

import asyncio
import hashlib
import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from dialogue import schema
from dialogue.database import Database, now
from finetune.errors import LiveChanged, NothingToRollBack, UnknownRelease
from finetune.release import TASKS, WITHOUT_FILES, Lineup, Release, StoredFile
from finetune.release_files import fetch_files, store_files, survey

RELEASE, PROMOTION = schema.release, schema.promotion


class Releases:
    """Over an open database. Every method raises StoreUnavailable when the database cannot do its work."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        folder: Path,
        *,
        tasks: Iterable[str],
        base: str,
        parent: str | None = None,
        dataset: str | None = None,
        metrics: Mapping[str, Any] | None = None,
        decision: Mapping[str, Any] | None = None,
    ) -> Release:
        """Keeps all files below `folder`; the release that is there where the same was added before.

        Raises BadRelease where there are no files, UnknownRelease where there is no such parent.
        """
        files = survey(folder)
        served = tuple(task for task in TASKS if task in set(tasks))
        row: dict[str, Any] = {
            "id": _identity(served, base, files),
            "tasks": list(served),
            "base": base,
            "parent": parent,
            "dataset": dataset,
            "metrics": dict(metrics or {}),
            "decision": dict(decision) if decision is not None else None,
            "manifest": {"files": {name: asdict(file) for name, file in files.items()}},
            "created_at": now(),
        }

        def store(connection: Connection) -> Release:
            if parent is not None:
                _known(connection, parent)
            if known := _row(connection, row["id"]):
                return _release(known)
            added = connection.execute(insert(RELEASE).values(row).returning(RELEASE)).mappings().one()
            store_files(connection, added["id"], folder, files)
            return _release(added)

        return await self._database.write(store)

    async def get(self, release: str) -> Release:
        """Raises UnknownRelease."""
        return _release(await self._database.read(lambda c: _known(c, release)))

    async def list(self) -> Sequence[Release]:
        """All of them, the newest first."""
        query = select(RELEASE).order_by(RELEASE.c.created_at.desc(), RELEASE.c.id)
        rows = await self._database.read(lambda c: c.execute(query).mappings().all())
        return [_release(row) for row in rows]

    async def fetch(self, release: str, folder: Path) -> Path:
        """The release's files in `folder`, whole and verified, or not there at all; quick where they are.

        Raises UnknownRelease, BadRelease where what the database holds is damaged.
        """
        if await asyncio.to_thread(folder.exists):
            return folder
        wanted = await self.get(release)
        with _making(folder) as incoming:
            await fetch_files(self._database, wanted, incoming)
        return folder

    async def judge(
        self, release: str, decision: Mapping[str, Any], beside: Lineup, promoted_for: str | None = None
    ) -> Release:
        """Stores what the gate said of it beside the live lineup and, given a reason, makes it live: both or neither.

        Raises UnknownRelease, and LiveChanged if `beside` is not live any more.
        """
        change = update(RELEASE).where(RELEASE.c.id == release).values(decision=dict(decision))

        def store(connection: Connection) -> Release:
            judged = _release(_known(connection, release))
            if _live(connection).number != beside.number:
                raise LiveChanged
            connection.execute(change)
            if promoted_for is not None:
                _given(connection, release, judged.tasks, promoted_for)
            return replace(judged, decision=dict(decision))

        return await self._database.write(store)

    async def trained_on(self, datasets: Collection[str]) -> Sequence[str]:
        """The ids of the releases that learnt from one of `datasets`, themselves or by their ancestors."""
        query = select(RELEASE.c.id, RELEASE.c.parent, RELEASE.c.dataset).order_by(RELEASE.c.created_at)
        rows = await self._database.read(lambda c: c.execute(query).all())
        tainted: list[str] = []
        for row in rows:
            if row.dataset in datasets or row.parent in tainted:
                tainted.append(row.id)
        return tainted

    async def live(self) -> Lineup:
        """Who does which task now; reads one row by its key."""
        return await self._database.read(_live)

    async def promote(self, release: str, reason: str = "") -> Lineup:
        """From now on `release`, or `base` or `shipped`, does its tasks. Raises UnknownRelease."""

        def store(connection: Connection) -> Lineup:
            tasks = WITHOUT_FILES.get(release) or tuple(_known(connection, release)["tasks"])
            return _given(connection, release, tasks, reason)

        return await self._database.write(store)

    async def rollback(self, reason: str = "") -> Lineup:
        """The lineup before the live one is live again, and a second time the one before that.

        Raises NothingToRollBack.
        """

        def store(connection: Connection) -> Lineup:
            live = _promotion(connection)
            if live is None or (live["parent"] is None and not live["lineup"]):
                raise NothingToRollBack
            former = _promotion(connection, live["parent"]) if live["parent"] else None
            names, parent = (former["lineup"], former["parent"]) if former else ({}, None)
            return _promoted(connection, names, parent, live["number"], reason)

        return await self._database.write(store)


class Pinned(Releases):
    """Releases of which one lineup counts as live, whatever was promoted: to try it out."""

    def __init__(self, database: Database, lineup: Lineup) -> None:
        super().__init__(database)
        self._lineup = lineup

    async def live(self) -> Lineup:
        return self._lineup


def _identity(tasks: Collection[str], base: str, files: Mapping[str, StoredFile]) -> str:
    content = {
        "tasks": list(tasks),
        "base": base,
        "files": {name: file.sha256 for name, file in files.items()},
    }
    return f"r-{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]}"


@contextmanager
def _making(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder`, which takes its place when the block is done; another process may be quicker."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    incoming = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield incoming
        if not folder.exists():
            incoming.rename(folder)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _row(connection: Connection, release: str) -> RowMapping | None:
    return connection.execute(select(RELEASE).where(RELEASE.c.id == release)).mappings().one_or_none()


def _known(connection: Connection, release: str) -> RowMapping:
    row = _row(connection, release)
    if row is None:
        raise UnknownRelease(release)
    return row


def _promotion(connection: Connection, number: int | None = None) -> RowMapping | None:
    """The promotion of this number, or the newest."""
    query = select(PROMOTION).order_by(PROMOTION.c.number.desc()).limit(1)
    if number is not None:
        query = query.where(PROMOTION.c.number == number)
    return connection.execute(query).mappings().one_or_none()


def _live(connection: Connection) -> Lineup:
    row = _promotion(connection)
    return _lineup(row) if row else Lineup()


def _given(connection: Connection, release: str, tasks: Collection[str], reason: str) -> Lineup:
    """The live lineup with these tasks given to the release."""
    live = _live(connection)
    return _promoted(connection, live.given_to(release, tasks), live.number or None, live.number, reason)


def _promoted(
    connection: Connection, names: Mapping[str, str], parent: int | None, last: int, reason: str
) -> Lineup:
    """The new newest row; who came second in a race finds the number taken and looks again."""
    values = {
        "number": last + 1,
        "lineup": dict(names),
        "parent": parent,
        "reason": reason,
        "created_at": now(),
    }
    return _lineup(connection.execute(insert(PROMOTION).values(values).returning(PROMOTION)).mappings().one())


def _lineup(row: RowMapping) -> Lineup:
    return Lineup(row["lineup"], row["number"], row["reason"], row["created_at"])


def _release(row: RowMapping) -> Release:
    files = {name: StoredFile(**file) for name, file in row["manifest"]["files"].items()}
    return Release(
        id=row["id"],
        tasks=tuple(row["tasks"]),
        base=row["base"],
        parent=row["parent"],
        dataset=row["dataset"],
        metrics=row["metrics"],
        decision=row["decision"],
        files=files,
        created_at=row["created_at"],
    )
