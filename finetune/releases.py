"""The releases of a deployment and which of them are active, in the database that all replicas share.

How a release is loaded, and whether it is good enough to promote, is decided elsewhere.
"""

import asyncio
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from dialogue.store.database import Database, now
from finetune import schema
from finetune.errors import LiveChanged, NothingToRollBack, UnknownRelease
from finetune.release import (
    BUILT_IN_RELEASES,
    TASKS,
    ActiveModels,
    Release,
    StoredFile,
    describe_files,
    fetch_files,
    store_files,
)
from retrieval.files import create_folder

RELEASE_TABLE, PROMOTION_TABLE = schema.release, schema.promotion


class Releases:
    """The releases in an open database. Every method raises StoreUnavailable if the database fails."""

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
        """Stores all files in `folder` as a release, or returns the existing release with the same files.

        Raises BadRelease if there are no files, UnknownRelease if there is no such parent.
        """
        files = describe_files(folder)
        served = tuple(task for task in TASKS if task in set(tasks))
        row: dict[str, Any] = {
            "id": _release_id(served, base, files),
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
                _get_row(connection, parent)
            if known := _find_row(connection, row["id"]):
                return _release_from(known)
            added = (
                connection.execute(insert(RELEASE_TABLE).values(row).returning(RELEASE_TABLE))
                .mappings()
                .one()
            )
            store_files(connection, added["id"], folder, files)
            return _release_from(added)

        return await self._database.write(store)

    async def get(self, release: str) -> Release:
        """Raises UnknownRelease."""
        return _release_from(await self._database.read(lambda c: _get_row(c, release)))

    async def list(self) -> Sequence[Release]:
        """All of them, the newest first."""
        query = select(RELEASE_TABLE).order_by(RELEASE_TABLE.c.created_at.desc(), RELEASE_TABLE.c.id)
        rows = await self._database.read(lambda c: c.execute(query).mappings().all())
        return [_release_from(row) for row in rows]

    async def fetch(self, release: str, folder: Path) -> Path:
        """Writes the release's files to `folder`, all of them verified or none; does nothing if the folder exists.

        Raises UnknownRelease, BadRelease if a file in the database is damaged.
        """
        if await asyncio.to_thread(folder.exists):
            return folder
        wanted = await self.get(release)
        with create_folder(folder) as incoming:
            await fetch_files(self._database, wanted, incoming)
        return folder

    async def judge(
        self,
        release: str,
        decision: Mapping[str, Any],
        compared_with: ActiveModels,
        promoted_for: str | None = None,
    ) -> Release:
        """Stores the gate's decision and, if `promoted_for` gives a reason, promotes the release: both or neither.

        compared_with: the models that were live in the comparison. Raises UnknownRelease, and LiveChanged if they
        are not live any more.
        """
        change = update(RELEASE_TABLE).where(RELEASE_TABLE.c.id == release).values(decision=dict(decision))

        def store(connection: Connection) -> Release:
            judged = _release_from(_get_row(connection, release))
            if _active_models(connection).number != compared_with.number:
                raise LiveChanged
            connection.execute(change)
            if promoted_for is not None:
                _assign_tasks(connection, release, judged.tasks, promoted_for)
            return replace(judged, decision=dict(decision))

        return await self._database.write(store)

    async def trained_on(self, datasets: Collection[str]) -> Sequence[str]:
        """The ids of the releases that were trained on one of `datasets`, directly or through a parent."""
        query = select(RELEASE_TABLE.c.id, RELEASE_TABLE.c.parent, RELEASE_TABLE.c.dataset).order_by(
            RELEASE_TABLE.c.created_at
        )
        rows = await self._database.read(lambda c: c.execute(query).all())
        tainted: list[str] = []
        for row in rows:
            if row.dataset in datasets or row.parent in tainted:
                tainted.append(row.id)
        return tainted

    async def live(self) -> ActiveModels:
        """The models that are live now; reads one row by its key."""
        return await self._database.read(_active_models)

    async def promote(self, release: str, reason: str = "") -> ActiveModels:
        """Makes `release`, or `base` or `shipped`, live for its tasks. Raises UnknownRelease."""

        def store(connection: Connection) -> ActiveModels:
            tasks = BUILT_IN_RELEASES.get(release) or tuple(_get_row(connection, release)["tasks"])
            return _assign_tasks(connection, release, tasks, reason)

        return await self._database.write(store)

    async def rollback(self, reason: str = "") -> ActiveModels:
        """Undoes the last promotion; called again, the one before it.

        Raises NothingToRollBack.
        """

        def store(connection: Connection) -> ActiveModels:
            live = _find_promotion(connection)
            if live is None or (live["parent"] is None and not live["lineup"]):
                raise NothingToRollBack
            former = _find_promotion(connection, live["parent"]) if live["parent"] else None
            names, parent = (former["lineup"], former["parent"]) if former else ({}, None)
            return _insert_promotion(connection, names, parent, live["number"], reason)

        return await self._database.write(store)


class PinnedReleases(Releases):
    """Releases of which the given ones are active, whatever was promoted: to evaluate them."""

    def __init__(self, database: Database, active: ActiveModels) -> None:
        super().__init__(database)
        self._active = active

    async def live(self) -> ActiveModels:
        return self._active


def _release_id(tasks: Collection[str], base: str, files: Mapping[str, StoredFile]) -> str:
    content = {
        "tasks": list(tasks),
        "base": base,
        "files": {name: file.sha256 for name, file in files.items()},
    }
    return f"r-{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]}"


def _find_row(connection: Connection, release: str) -> RowMapping | None:
    return (
        connection.execute(select(RELEASE_TABLE).where(RELEASE_TABLE.c.id == release))
        .mappings()
        .one_or_none()
    )


def _get_row(connection: Connection, release: str) -> RowMapping:
    row = _find_row(connection, release)
    if row is None:
        raise UnknownRelease(release)
    return row


def _find_promotion(connection: Connection, number: int | None = None) -> RowMapping | None:
    """The promotion of this number, or the newest."""
    query = select(PROMOTION_TABLE).order_by(PROMOTION_TABLE.c.number.desc()).limit(1)
    if number is not None:
        query = query.where(PROMOTION_TABLE.c.number == number)
    return connection.execute(query).mappings().one_or_none()


def _active_models(connection: Connection) -> ActiveModels:
    row = _find_promotion(connection)
    return _active_models_from(row) if row else ActiveModels()


def _assign_tasks(connection: Connection, release: str, tasks: Collection[str], reason: str) -> ActiveModels:
    """The active models with these tasks given to the release."""
    live = _active_models(connection)
    return _insert_promotion(
        connection, live.given_to(release, tasks), live.number or None, live.number, reason
    )


def _insert_promotion(
    connection: Connection, names: Mapping[str, str], parent: int | None, last: int, reason: str
) -> ActiveModels:
    """The new newest row; who came second in a race finds the number taken and looks again."""
    values = {
        "number": last + 1,
        "lineup": dict(names),
        "parent": parent,
        "reason": reason,
        "created_at": now(),
    }
    return _active_models_from(
        connection.execute(insert(PROMOTION_TABLE).values(values).returning(PROMOTION_TABLE)).mappings().one()
    )


def _active_models_from(row: RowMapping) -> ActiveModels:
    return ActiveModels(row["lineup"], row["number"], row["reason"], row["created_at"])


def _release_from(row: RowMapping) -> Release:
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
