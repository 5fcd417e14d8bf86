"""What the commands that train share: a bar with the time left, and what tells that files are the same."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.cli.progress import time_left_bars


@contextmanager
def training_bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """Gives what is told how many of how many steps are done."""
    with time_left_bars() as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def content_digest(path: Path) -> str:
    """The SHA-256 of a file, or of the files in a folder."""
    files = sorted(path.glob("*")) if path.is_dir() else [path]
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()
