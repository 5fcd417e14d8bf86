"""The process that ingests for a server: at low priority, giving way to answers, ended with its parent.

The parent sends a job, then bytes: `PAUSE` while somebody is being answered, `RESUME` after it. Back come JSON lines:
`progress` (stage, done, total), and at last `report`, or `error` with its class.
"""

import asyncio
import json
import os
import pickle
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from bot.documents import live_collection, refresh_documents
from bot.errors import explain
from bot.logs import set_up_logs
from bot.settings import Settings
from retrieval.ingest import IngestReport

PAUSE, RESUME = b"p", b"r"
LONGEST_PAUSE = 5.0
"""Seconds after which one batch is embedded even if somebody is being answered all the time."""
NICENESS = 19


@dataclass(frozen=True, slots=True)
class IngestJob:
    """path: what to ingest; None: what a start ingests, see `refresh_documents`.

    allow_removal: also if more than half of the documents are gone.
    """

    settings: Settings
    path: Path | None = None
    allow_removal: bool = False


def main() -> None:
    """Runs one job and ends the process, also when the parent is gone."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    job: IngestJob = pickle.load(source)
    set_up_logs(job.settings)
    child = IngestChild(target)
    threading.Thread(target=child.listen, args=[source], daemon=True).start()
    child.run(job)
    os._exit(0)


class IngestChild:
    """Writes lines to `target`."""

    def __init__(self, target: IO[str]) -> None:
        self._target = target
        self._may_work = threading.Event()
        self._may_work.set()
        self._eager = True

    def listen(self, source: IO[bytes]) -> None:
        """Follows the parent, and ends the process with it."""
        while told := source.read(1):
            if told == PAUSE:
                self._may_work.clear()
            else:
                self._may_work.set()
        os._exit(1)

    def run(self, job: IngestJob) -> None:
        _leave_a_processor()
        try:
            report = self._ingest(job)
            self._send("report", asdict(report) if report else None)
        except Exception as error:
            self._send("error", [type(error).__name__, explain(error)])

    def _ingest(self, job: IngestJob) -> IngestReport | None:
        collection = asyncio.run(live_collection(job.settings))
        if job.path is None:
            return refresh_documents(job.settings, collection, self.progress)
        return collection.ingest(job.path, self.progress, allow_removal=job.allow_removal)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Between two batches. Keywords come as soon as they can, since nothing can be found before."""
        self._send("progress", [stage, done, total])
        if stage == "read":
            return
        if self._eager:
            self._eager = False
            os.nice(NICENESS)
        self._may_work.wait(LONGEST_PAUSE)

    def _send(self, kind: str, value: object) -> None:
        try:
            self._target.write(json.dumps({kind: value}) + "\n")
        except OSError:
            os._exit(1)


def _leave_a_processor() -> None:
    """One processor stays free for the answers, if there are several."""
    if sys.platform == "linux":
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, processors[: max(1, len(processors) - 1)])
