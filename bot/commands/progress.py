"""Progress bars for long work: what is done, of how much, and the time left."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from retrieval.files import sha256_of

IngestProgress = Callable[[str, int, int], None]
"""Called with the stage of an ingest, what is done of it, and how much there is."""
StepProgress = Callable[[int, int], None]
"""Called with how many of how many steps are done."""


def time_left_bars() -> Progress:
    """Bars on stderr, removed at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)


STAGES = {
    "read": "Reading documents",
    "embed": "Embedding chunks",
    "embed 2": "Embedding chunks, second encoder",
}


@contextmanager
def ingest_bars() -> Iterator[IngestProgress]:
    """The callback for ingests; a bar appears with the first report of its stage, and goes with the last."""
    tasks: dict[str, TaskID] = {}
    bars = time_left_bars()

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(STAGES.get(stage, stage))
            bars.start()
        bars.update(tasks[stage], completed=done, total=total)
        if done == total:
            bars.remove_task(tasks.pop(stage))
        if not tasks:
            bars.stop()

    try:
        yield report
    finally:
        bars.stop()


@contextmanager
def training_bar(name: str) -> Iterator[StepProgress]:
    """The callback for a training."""
    with time_left_bars() as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def content_digest(path: Path) -> str:
    """The SHA-256 of a file, or of the files in a folder."""
    files = sorted(path.glob("*")) if path.is_dir() else [path]
    return hashlib.sha256(b"".join(bytes.fromhex(sha256_of(file)) for file in files)).hexdigest()
