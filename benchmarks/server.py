"""Runs `groundtalk serve` for a benchmark, in a folder of its own, and watches the memory of all its processes."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import httpx

START_TIMEOUT = 900.0
MEMORY_PERIOD = 1.0
OWN = {
    "DATABASE_URL": "",
    "TELEGRAM_BOT_TOKEN": "",
    "ANSWER_CACHE": "0",
    "MESSAGES_PER_MINUTE": "1000",
}
"""What a benchmark sets: a database in its own folder, and questions that are really answered."""


@dataclass
class Server:
    """A running server. ready_after: seconds from its start."""

    address: str
    process: "subprocess.Popen[bytes]"
    ready_after: float
    peak: float = 0.0
    """Gigabytes, the most that was seen of all processes together."""
    _ended: threading.Event = field(default_factory=threading.Event)

    def memory(self) -> float:
        """Gigabytes now: proportional set sizes, so that what processes share counts once."""
        return sum(map(_proportional_set, _family(self.process.pid))) / 1e6

    def watch_memory(self) -> None:
        while not self._ended.wait(MEMORY_PERIOD):
            self.peak = max(self.peak, self.memory())

    def end(self) -> None:
        self._ended.set()
        self.process.terminate()


@contextmanager
def server(
    folder: Path, settings: Mapping[str, str] | None = None, tree: Path | None = None
) -> Iterator[Server]:
    """A server with DATA_DIR `folder`, once it is ready. tree: a checkout of another version to run."""
    port = _free_port()
    environment = {**os.environ, **OWN, "DATA_DIR": str(folder), **(settings or {})}
    if tree:
        environment["PYTHONPATH"] = str(tree)
    command = [sys.executable, "-m", "bot.commands", "serve", "--port", str(port)]
    folder.mkdir(parents=True, exist_ok=True)
    started, log = perf_counter(), folder / "log"
    with (
        log.open("w") as out,
        subprocess.Popen(command, env=environment, stdout=out, stderr=out, cwd=tree) as process,
    ):
        running = Server(f"127.0.0.1:{port}", process, 0.0)
        threading.Thread(target=running.watch_memory, daemon=True).start()
        try:
            _wait_until_ready(f"http://{running.address}/readyz", process, log)
            running.ready_after = perf_counter() - started
            yield running
        finally:
            running.end()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_ready(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = perf_counter() + START_TIMEOUT
    while perf_counter() < end:
        if process.poll() is not None:
            raise SystemExit(f"The server ended:\n{log.read_text()[-2000:]}")
        with suppress(httpx.TransportError):
            if httpx.get(address).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)
    raise SystemExit(f"The server was not ready within {START_TIMEOUT:g} s:\n{log.read_text()[-2000:]}")


def _family(pid: int) -> Iterator[int]:
    """A process and all that it started (Linux)."""
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _proportional_set(pid: int) -> int:
    """Kilobytes; 0 for a process that has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
