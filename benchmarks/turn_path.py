"""The path of one follow-up over the websocket: which of our files and functions the server enters.

    python -m benchmarks.turn_path                  # this tree
    python -m benchmarks.turn_path --tree FOLDER    # another checkout, to compare with

Starts a real server with real weights on the sample handbook, asks a question, and then counts from the moment a
follow-up is sent until its answer has been delivered; comprehensions and lambdas count as part of their function. What
runs once a second anyway, such as the look for unanswered turns, is counted too where it falls into that time.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated
from urllib.error import URLError
from urllib.request import urlopen

import typer
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "dialogue", "finetune", "retrieval")
SETTLE_SECONDS = 1.0
"""What an answer's delivery may take after the client has it."""

TRACED_SERVER = """
import importlib, json, os, signal, sys, threading
root, out = sys.argv[1], sys.argv[2]
sys.path.insert(0, root)
entered, counting = set(), [False]

def profile(frame, event, argument):
    if counting[0] and event == "call" and frame.f_code.co_filename.startswith(root):
        code = frame.f_code
        if not code.co_name.startswith("<"):
            entered.add((os.path.relpath(code.co_filename, root), code.co_qualname))

def begin(*_):
    entered.clear()
    counting[0] = True

def end(*_):
    counting[0] = False
    with open(out + ".new", "w") as file:
        json.dump(sorted(entered), file)
    os.replace(out + ".new", out)

signal.signal(signal.SIGUSR1, begin)
signal.signal(signal.SIGUSR2, end)
threading.setprofile(profile)
sys.setprofile(profile)
commands = "bot.commands" if os.path.isdir(os.path.join(root, "bot", "commands")) else "bot.cli"
importlib.import_module(commands).main(["serve"])
"""

console = Console(highlight=False)


def run(tree: Annotated[Path, typer.Option(exists=True, file_okay=False)] = ROOT) -> None:
    """Count, and print a table by package."""
    entered = asyncio.run(_count(tree.resolve()))
    functions = [(path, name) for path, name in entered if path.split("/")[0] in PACKAGES]
    files = sorted({path for path, _ in functions})
    table = Table("package", "files", "functions", box=None, pad_edge=False)
    for package in PACKAGES:
        own = [path for path, _ in functions if path.startswith(f"{package}/")]
        table.add_row(package, str(len(set(own))), str(len(own)))
    table.add_row("[bold]all[/]", f"[bold]{len(files)}[/]", f"[bold]{len(functions)}[/]")
    console.print(table)
    for path, number in sorted(Counter(path for path, _ in functions).items()):
        console.print(f"  {number:3} {path}")


async def _count(tree: Path) -> list[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        out, port = Path(folder) / "entered.json", _free_port()
        server = _start(tree, out, port, Path(folder))
        try:
            await asyncio.to_thread(_wait_until_ready, port, server)
            async with connect(f"ws://127.0.0.1:{port}/ws", ping_timeout=None) as client:
                await client.send(json.dumps({"type": "hello"}))
                await _ask(client, "How long is the warranty on the Pelican?")
                await asyncio.sleep(SETTLE_SECONDS)
                server.send_signal(signal.SIGUSR1)
                await asyncio.sleep(0.1)
                await _ask(client, "And how long does it take to charge?")
                await asyncio.sleep(SETTLE_SECONDS)
                server.send_signal(signal.SIGUSR2)
                await asyncio.to_thread(_wait_for, out)
            return [(path, name) for path, name in json.loads(out.read_text("utf-8"))]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


def _start(tree: Path, out: Path, port: int, folder: Path) -> subprocess.Popen[bytes]:
    place = {"HOST": "127.0.0.1", "PORT": str(port), "DATA_DIR": str(folder / "data")}
    command = [sys.executable, "-c", TRACED_SERVER, str(tree), str(out)]
    return subprocess.Popen(command, cwd=tree, env={**os.environ, **place, "PYTHONPATH": str(tree)})


def _wait_until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.5)
    raise SystemExit("The server ended before it was ready.")


def _wait_for(file: Path) -> None:
    while not file.exists():
        time.sleep(0.1)


async def _ask(client: ClientConnection, text: str) -> None:
    await client.send(json.dumps({"type": "message", "id": text, "text": text}))
    async for raw in client:
        if json.loads(raw)["type"] == "answer":
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    typer.run(run)
