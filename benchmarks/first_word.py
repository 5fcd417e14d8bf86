"""What one person waits for: seconds to the pages, to the first word and to the whole answer, and what memory it takes.

    python -m benchmarks.first_word FOLDER QUESTIONS [--answers FILE] [--set PROFILE=small] [--tree CHECKOUT]

Serves FOLDER from an index of its own, waits until every vector is there, and asks the questions (JSON lines with `ask`
and `dialogue`, as in `shared/real`) one after the other. --answers keeps the answers for the scorer. The first question
after the start stands alone, and not among the others. --tree runs another version, from its own checkout.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx
from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.server import Server, server
from bot.machine.facts import this_machine

SAYS = Console(highlight=False, soft_wrap=True).print
REST = 15.0
"""Seconds of rest before memory at rest is read."""


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds until each of them came; the first word is the answer itself where nothing was streamed."""

    pages: float
    first_word: float
    whole: float
    follow_up: bool
    row: dict[str, Any]


def read_questions(path: Path, limit: int | None) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in islice(filter(str.strip, lines), limit)]


async def ask_all(address: str, questions: Sequence[dict[str, Any]]) -> list[Waited]:
    waited = []
    for dialogue, asked in groupby(questions, key=lambda row: row["dialogue"]):
        async with connect(f"ws://{address}/ws", max_size=None, ping_timeout=None) as socket:
            await socket.send(json.dumps({"type": "hello", "conversation": None}))
            for number, row in enumerate(asked):
                waited.append(await ask(socket, row["ask"], dialogue, follow_up=number > 0))
    return waited


async def ask(socket: ClientConnection, text: str, dialogue: str, *, follow_up: bool) -> Waited:
    sent, seen = perf_counter(), dict[str, float]()
    await socket.send(json.dumps({"type": "message", "id": uuid4().hex, "text": text}))
    while True:
        frame = json.loads(await socket.recv())
        seen.setdefault(frame["type"], perf_counter() - sent)
        if frame["type"] == "answer":
            break
    row = {name: frame[name] for name in ("text", "citations", "abstained")}
    row |= {"dialogue": dialogue, "ask": text, "sources": [cited["source"] for cited in frame["citations"]]}
    whole = seen["answer"]
    return Waited(seen.get("passages", whole), seen.get("token", whole), whole, follow_up, row)


def wait_for_vectors(running: Server) -> float:
    """Seconds from the server's readiness to the end of the ingest, until which `/readyz` says what is missing."""
    started = perf_counter()
    with suppress(KeyError, httpx.HTTPError):
        while ";" in httpx.get(f"http://{running.address}/readyz", timeout=30).json()["index"]["reason"]:
            time.sleep(1)
    return perf_counter() - started


def report(waited: Sequence[Waited], running: Server, vectors: float, rest: float) -> None:
    machine = this_machine()
    SAYS(f"{machine.cpu}, {machine.cores} cores")
    SAYS(f"ready after {running.ready_after:.1f} s, every vector {vectors:.1f} s later")
    first, others = waited[0], waited[1:]
    SAYS(f"first question after the start: first word {first.first_word:.2f} s, whole {first.whole:.2f} s")
    for name, rows in (
        ("all others", others),
        ("follow-ups", [row for row in others if row.follow_up]),
    ):
        for what in ("pages", "first_word", "whole"):
            seconds = sorted(getattr(row, what) for row in rows)
            if seconds:
                SAYS(
                    f"{name} ({len(seconds)}), {what}: p50 {_at(0.5, seconds):.2f} s, p90 {_at(0.9, seconds):.2f} s"
                )
    SAYS(f"memory: {rest:.1f} GB at rest, {running.peak:.1f} GB at most")


def _at(share: float, ordered: Sequence[float]) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--data", type=Path, help="DATA_DIR; a new one unless given")
    parser.add_argument("--tree", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting")
    given = parser.parse_args()
    settings = {
        "KNOWLEDGE_DIR": str(given.folder.resolve()),
        **dict(each.split("=", 1) for each in given.set),
    }
    questions = read_questions(given.questions, given.limit)
    with (
        tempfile.TemporaryDirectory() as new,
        server(given.data or Path(new), settings, given.tree) as running,
    ):
        vectors = wait_for_vectors(running)
        waited = asyncio.run(ask_all(running.address, questions))
        time.sleep(REST)
        report(waited, running, vectors, running.memory())
    if given.answers:
        with given.answers.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(each.row, ensure_ascii=False) + "\n" for each in waited)


if __name__ == "__main__":
    main()
