"""The databases that a measurement runs on: a SQLite file, and PostgreSQL where it is asked for."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from finetune.migrations import upgrade
from tests.postgres import cluster


@contextmanager
def databases(postgres: str | None) -> Iterator[Mapping[str, str]]:
    """URLs of migrated databases by name; PostgreSQL at the URL `postgres`, or a throwaway one if that is empty."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        found = {"SQLite": f"sqlite:///{Path(folder) / 'store.db'}"}
        if postgres is not None:
            found["PostgreSQL"] = postgres or stack.enter_context(cluster(durable=True)).create()
        for url in found.values():
            asyncio.run(upgrade(url))
        yield found
