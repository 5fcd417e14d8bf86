"""Progress bars for reading documents."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import TaskID

from bot.cli.progress import time_left_bars
from retrieval.ingest import Progress as Report

STAGES = {"read": "Reading documents", "embed": "Embedding chunks"}


@contextmanager
def reading_bars() -> Iterator[Report]:
    """What to give to an ingest; a bar appears with the first report of its stage."""
    tasks: dict[str, TaskID] = {}
    with time_left_bars() as bars:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(STAGES.get(stage, stage))
            bars.update(tasks[stage], completed=done, total=total)

        yield report
