"""How far an ingest is: for the operators' API, `/readyz`, the log and the terminal."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import structlog

from retrieval.ingest import Progress
from retrieval.snapshots import Manifest

log = structlog.get_logger(__name__)

LOGGED_EVERY = 30.0
"""Seconds between two lines of the log."""


def _silent(stage: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class IngestStatus:
    """stage: `read`, `embed` (by the first encoder), `embed 2` (by the second); empty when nothing is being ingested.

    done, total: files or chunks of this stage. seconds_left: until its end; None while that is not known.
    """

    stage: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None

    @property
    def words(self) -> str:
        """For people."""
        if not self.stage:
            return ""
        what = "files read" if self.stage == "read" else "chunks embedded"
        encoder = f" by encoder {self.stage[6:]}" if self.stage.startswith("embed ") else ""
        left = "" if self.seconds_left is None else f", about {self.seconds_left:.0f} s left"
        return f"{self.done} of {self.total} {what}{encoder}{left}"


class IngestMonitor:
    """Is told of the progress of an ingest and remembers it. One for each process."""

    def __init__(self, forward: Progress = _silent, clock: Callable[[], float] = monotonic) -> None:
        """forward: is told as well."""
        self.forward = forward
        self._clock = clock
        self._began = (0.0, 0)
        """When the current stage was heard of first, and what was done of it by then."""
        self._logged = clock()
        self.status = IngestStatus()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = self._clock()
        if stage != self.status.stage:
            self._began = now, done
        since, before = self._began
        left = (now - since) * (total - done) / (done - before) if done > before else None
        self.status = IngestStatus(stage, done, total, None if left is None else round(left, 1))
        if now - self._logged >= LOGGED_EVERY:
            self._logged = now
            log.info("ingest", stage=stage, done=done, total=total, seconds_left=self.status.seconds_left)
        self.forward(stage, done, total)

    def end(self) -> None:
        """Nothing is being ingested now."""
        self.status = IngestStatus()


def searched_by(manifest: Manifest) -> str:
    """What finds the chunks of a snapshot that is not complete, in words; empty for a complete one."""
    if manifest.complete:
        return ""
    if manifest.stage == 0:
        return "new chunks are found by keywords alone"
    return f"compared by {manifest.stage} of {manifest.stages} encoders"
