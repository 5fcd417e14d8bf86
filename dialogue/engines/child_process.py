"""One run of the child process of a text engine, as its parent sees it: started, written to, read, ended.

Not started by multiprocessing, which would run the caller's script again, and so its bot, unless the script has a
guard.
"""

import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from dialogue.engines.frames import FromChild, Start, ToChild, read_frame, write_frame

PUBLIC_MODULE = str(Path(__file__).parents[2] / "groundtalk.py")
"""Run first in the child, so that it finds our packages even if the caller's script is called `bot.py`."""
RUNNER = """
import pickle, runpy, sys
source = open(0, "rb", buffering=1 << 20, closefd=False)
sys.path[:] = pickle.load(source)
runpy.run_path(sys.argv[1])
from dialogue.engines.child import main
main(source)
"""
"""The large buffer takes in all requests that wait: between two reads a model may hold the interpreter again."""
END_TIMEOUT = 5.0
"""Seconds that a child has to end by itself."""


class ChildProcess:
    """Runs from the beginning; `frames` ends with it. Must be made in a thread that lives as long as the child."""

    def __init__(self, start: Start) -> None:
        """Raises OSError."""
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-c", RUNNER, PUBLIC_MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            process_group=0,  # a terminal's Ctrl-C is for the parent, which finishes its answers first
        )
        self.pid = self._popen.pid
        self._input = cast(IO[bytes], self._popen.stdin)
        self._output = cast(IO[bytes], self._popen.stdout)
        self._killed_for = ""
        self._outgoing = queue.SimpleQueue[ToChild | None]()
        self._outgoing.put(start)
        self._writer = threading.Thread(target=self._write, name="engine-requests", daemon=True)
        self._writer.start()

    def send(self, frame: ToChild) -> None:
        """Returns at once."""
        self._outgoing.put(frame)

    def frames(self) -> Iterator[FromChild]:
        """What the child sends, until it is gone."""
        while (frame := read_frame(self._output)) is not None:
            yield frame

    def end(self) -> None:
        """Has the child end by itself, or else ends it."""
        self._outgoing.put(None)
        try:
            self._popen.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill("did not end by itself")

    def kill(self, reason: str) -> None:
        self._killed_for = reason
        self._popen.kill()

    def wait(self) -> str:
        """How it ended, in words; for after the last frame."""
        self._outgoing.put(None)
        try:
            code = self._popen.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill("closed its pipe")
            code = self._popen.wait()
        self._writer.join()
        self._output.close()
        if self._killed_for:
            return self._killed_for
        return f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with {code}"

    def _write(self) -> None:
        try:
            self._write_all()
        except OSError:
            return  # the child is gone, which the reader sees too
        finally:
            self._input.close()

    def _write_all(self) -> None:
        self._input.write(pickle.dumps(sys.path))
        while (frame := self._outgoing.get()) is not None:
            write_frame(self._input, frame)


def _signal_name(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    return f"{name}, perhaps because the machine is short of memory" if name == "SIGKILL" else name
