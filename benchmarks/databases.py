"""The databases of a benchmark: a SQLite file, and PostgreSQL if it is asked for."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from finetune.migrations import upgrade
from tests.postgres import cluster


@contextmanager
def databases(postgres: str | None) -> Iterator[Mapping[str, str]]:
    """URLs of migrated databases by name.

    postgres: the URL of a PostgreSQL database; a temporary server if it is empty, none if it is None.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'store.db'}"}
        if postgres is not None:
            urls["PostgreSQL"] = postgres or stack.enter_context(cluster(durable=True)).create()
        for url in urls.values():
            asyncio.run(upgrade(url))
        yield urls
