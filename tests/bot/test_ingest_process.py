"""Documents are ingested by a child process: it gives way, ends with its parent, and loses nothing when killed."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot import ingest_child, ingest_process
from bot.ingest_child import PAUSE, RESUME, IngestChild, IngestJob
from bot.ingest_process import IngestProcess
from bot.ingest_status import IngestMonitor
from bot.settings import Settings
from retrieval.collection import Collection
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.names import MULTILINGUAL
from retrieval.errors import IngestFailed, IngestRunning
from tests.bot.channels.waiting import eventually
from tests.bot.deployed_bot import settings_in

PAGES = 70


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str) -> Settings:
    """An encoder whose weights are part of a package."""
    settings = settings_in(tmp_path, sqlite_url, encoder=MULTILINGUAL)
    for number in range(PAGES):
        (settings.knowledge_dir / f"{number}.txt").write_text(f"Room {number} is for team {number}. " * 20)
    return settings


@pytest.fixture
def monitor() -> IngestMonitor:
    return IngestMonitor()


def embedded(folder: Path) -> Collection:
    return Collection(folder / "index", load_encoder(MULTILINGUAL))


@pytest.mark.slow
async def test_it_publishes_keywords_first_and_goes_on_after_a_kill(settings, monitor):
    process = IngestProcess(monitor)
    monitor.forward = lambda stage, done, total: stage == "embed" and stages.append(index.latest())
    stages, index = [], embedded(settings.data_dir)
    ingest = process.begin(IngestJob(settings), settings.data_dir)

    async def embedding() -> bool:
        return monitor.status.stage == "embed"

    await eventually(embedding, 60)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == ingest_child.NICENESS
    os.kill(process.pid, signal.SIGKILL)
    report = await asyncio.wait_for(ingest, 120)
    assert {snapshot.manifest.stage for snapshot in stages} == {0}
    assert report.chunks > PAGES
    snapshot = index.latest()
    assert snapshot.manifest.complete
    assert monitor.status.stage == ""
    assert process.pid is None


@pytest.mark.slow
async def test_a_second_one_is_refused_and_a_folder_that_is_not_there_named(settings, monitor, tmp_path):
    process = IngestProcess(monitor)
    first = asyncio.create_task(process.run(IngestJob(settings, tmp_path / "nowhere"), settings.data_dir))
    await asyncio.sleep(0)
    with pytest.raises(IngestRunning):
        await process.run(IngestJob(settings), settings.data_dir)
    with pytest.raises(IngestFailed, match="nowhere does not exist"):
        await first


@pytest.mark.slow
def test_it_ends_with_a_parent_that_is_killed(settings, tmp_path):
    settings_file = tmp_path / "settings.json"
    settings_file.write_text(
        json.dumps({"data_dir": str(settings.data_dir), "knowledge_dir": str(settings.knowledge_dir)})
    )
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.bot.ingesting_parent", str(settings_file)], stdout=subprocess.PIPE
    )
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()

    until = time.monotonic() + 30
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.slow
async def test_closing_ends_the_child(settings, monitor):
    process = IngestProcess(monitor)
    ingest = process.begin(IngestJob(settings), settings.data_dir)

    async def started() -> bool:
        return process.pid is not None

    await eventually(started, 30)
    await process.close()
    assert ingest.cancelled()
    assert process.pid is None


class Pipe(io.BytesIO):
    """Ends the test's thread, not the process, at its end."""

    def read(self, size: int | None = -1) -> bytes:
        if told := super().read(size):
            return told
        raise EOFError


def test_while_somebody_is_answered_it_waits_between_two_batches_but_not_for_ever(monkeypatch):
    monkeypatch.setattr(ingest_child, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(os, "nice", lambda by: by)
    child = IngestChild(io.StringIO())

    def took() -> float:
        began = time.monotonic()
        child.progress("embed", 1, 2)
        return time.monotonic() - began

    assert took() < 0.1
    with pytest.raises(EOFError):
        child.listen(Pipe(PAUSE))
    assert took() >= 0.2
    with pytest.raises(EOFError):
        child.listen(Pipe(RESUME))
    assert took() < 0.1


LEAVES_A_FORK = """
import os, time
if os.fork() == 0:
    time.sleep(60)
    os._exit(0)
print('{"report": null}', flush=True)
"""


async def test_what_the_child_leaves_behind_does_not_hold_up_the_end(
    settings: Settings, monitor: IngestMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_process, "RUNNER", LEAVES_A_FORK)
    job = IngestProcess(monitor).begin(IngestJob(settings), settings.data_dir)
    assert await asyncio.wait_for(job, 10) is None
