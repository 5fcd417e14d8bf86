"""A throwaway PostgreSQL server for tests and benchmarks, made from the installed programs."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
SETTINGS = {"listen_addresses": "", "fsync": "off", "max_connections": "200", "timezone": "Asia/Shanghai"}
"""fsync off: tests kill our processes, never the server. The far time zone shows times that are not UTC."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server that listens on a socket in `folder` alone."""

    binaries: Path
    folder: Path
    numbers: Iterator[int]

    def create(self, template: str | None = None) -> str:
        """The URL of a new database: empty, or a copy of the database at the URL `template`."""
        name = f"groundtalk_{next(self.numbers)}"
        source = [] if template is None else ["-T", template.partition("?")[0].rpartition("/")[2]]
        _run([self.binaries / "createdb", "-h", self.folder, "-U", "postgres", *source, name])
        return f"postgresql://postgres@/{name}?host={self.folder}"


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """Start a server and stop it at the end; `durable` writes through to the disk as a real one does.

    Raises RuntimeError if PostgreSQL is not installed.
    """
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="groundtalk-postgres-"))
    _hand_over(folder)
    try:
        _run(
            [binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"]
        )
        with _server(binaries, folder, {"fsync": "on"} if durable else {}):
            yield Cluster(binaries, folder, count(1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(binaries: Path, folder: Path, changes: Mapping[str, str]) -> Iterator[None]:
    settings = [part for name, value in {**SETTINGS, **changes}.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", "-k", folder, *settings], stderr=log, **_identity()
        )
    try:
        _wait(server, binaries, folder)
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def _wait(server: subprocess.Popen[bytes], binaries: Path, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    ready: list[str | Path] = [binaries / "pg_isready", "-q", "-h", folder]
    while subprocess.run(ready, check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
        time.sleep(0.05)


def _binaries() -> Path:
    """The folder of the newest server programs."""
    on_path = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    found = Path(on_path).resolve() if on_path else installed[-1] if installed else None
    if found is None:
        raise RuntimeError("The tests need PostgreSQL's server programs. Run: apt-get install postgresql")
    return found.parent


def _identity() -> dict[str, Any]:
    """Whom to run as: PostgreSQL refuses to serve as root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(_unprivileged())
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


def _unprivileged() -> str:
    names = {account.pw_name for account in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _hand_over(folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, _unprivileged())


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **_identity())
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
