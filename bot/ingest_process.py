"""Has documents ingested by a child process, so that a server answers meanwhile as if nothing were going on.

Nothing is lost with the child: whoever ingests next goes on where it was.
"""

import asyncio
import json
import os
import pickle
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from bot.ingest_child import PAUSE, RESUME, IngestJob
from bot.ingest_status import IngestMonitor
from retrieval.collection import Collection
from retrieval.errors import IngestFailed, IngestRunning, RetrievalError
from retrieval.ingest import IngestReport

log = structlog.get_logger(__name__)

PUBLIC_MODULE = str(Path(__file__).parents[1] / "groundtalk.py")
"""Run first in the child, so that it finds our packages even if the caller's script is called `bot.py`."""
RUNNER = """
import pickle, runpy, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
runpy.run_path(sys.argv[1])
from bot.ingest_child import main
main()
"""
LONGEST_LINE = 1 << 24
"""Bytes: a report names every file that could not be read."""
STARTS = 3
"""A child that ends without a word, because it was killed for instance, is started again so often in all."""


class IngestProcess:
    """One ingest at a time. monitor: is told how far it is."""

    def __init__(self, monitor: IngestMonitor, poll: float = 0.05) -> None:
        """poll: seconds between two looks at whether somebody is being answered."""
        self._monitor = monitor
        self._poll = poll
        self._child: Process | None = None
        self._running: asyncio.Task[Any] | None = None
        self.busy: Callable[[], bool] = lambda: False
        """Whether somebody is being answered; the ingest then gives way."""

    @property
    def pid(self) -> int | None:
        """Of the child that runs now."""
        return self._child.pid if self._child else None

    def begin(self, job: IngestJob, folder: Path) -> asyncio.Task[IngestReport | None]:
        """Starts the job; the result is that of `run`. What goes wrong is logged."""
        self._running = task = asyncio.create_task(self._run(job, folder))
        task.add_done_callback(_log_problem)
        return task

    async def run(self, job: IngestJob, folder: Path) -> IngestReport:
        """Returns when all is published. folder: the collection's. Raises IngestRunning, IngestFailed."""
        if self._running is not None and not self._running.done():
            raise IngestRunning(folder)
        report = await self.begin(job, folder)
        assert report is not None
        return report

    async def _run(self, job: IngestJob, folder: Path) -> IngestReport | None:
        """None if there was nothing to do."""
        for start in range(1, STARTS + 1):
            told = await self._run_child(job)
            if told is not None:
                return _result(told, folder)
            log.warning("ingest_ended_early", start=start, of=STARTS)
        raise IngestFailed(
            "The process that reads the documents was ended before it was done; was it out of memory? "
            "Ingest again: it goes on where it was."
        )

    async def close(self) -> None:
        """Ends the child, if there is one; what it has embedded is kept."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _run_child(self, job: IngestJob) -> dict[str, Any] | None:
        """What the child said last; None if it ended without a result."""
        command = [sys.executable, "-P", "-c", RUNNER, PUBLIC_MODULE]
        child = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE, start_new_session=True
        )
        self._child = child
        pauses = asyncio.create_task(self._give_way(child, job))
        try:
            return await self._follow(child)
        finally:
            pauses.cancel()
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # what it started, too: it would hold the pipes open
            await child.wait()
            self._child = None
            self._monitor.end()

    async def _follow(self, child: Process) -> dict[str, Any] | None:
        assert child.stdout
        async for line in child.stdout:
            told: dict[str, Any] = json.loads(line)
            if "progress" not in told:
                return told
            self._monitor(*told["progress"])
        return None

    async def _give_way(self, child: Process, job: IngestJob) -> None:
        """Tells the child when somebody is being answered."""
        assert child.stdin
        child.stdin.write(pickle.dumps(sys.path) + pickle.dumps(job))
        paused = False
        while True:
            if paused != self.busy():
                paused = not paused
                child.stdin.write(PAUSE if paused else RESUME)
            await asyncio.sleep(self._poll)


def _result(told: dict[str, Any], folder: Path) -> IngestReport | None:
    if "error" in told:
        kind, text = told["error"]
        raise IngestRunning(folder) if kind == IngestRunning.__name__ else IngestFailed(text)
    report = told["report"]
    return report and IngestReport(**report | {"skipped": tuple(report["skipped"])})


def _log_problem(ingest: "asyncio.Task[Any]") -> None:
    if not ingest.cancelled() and (error := ingest.exception()):
        log.warning("ingest_failed", reason=str(error))


async def until_searchable(collection: Collection, ingest: "asyncio.Task[Any]", poll: float = 0.1) -> None:
    """Returns once something is published that this collection can search. Raises what `ingest` raises before that."""
    while not await asyncio.to_thread(_is_searchable, collection):
        await asyncio.wait([ingest], timeout=poll)
        if ingest.done() and not await asyncio.to_thread(_is_searchable, collection):
            ingest.result()
            return


def _is_searchable(collection: Collection) -> bool:
    try:
        return collection.latest() is not None
    except RetrievalError:
        return False
