"""What the server still does while people are answered: its event loop, `/healthz`, `accepted`, and connections.

    python -m benchmarks.loop_lag [--people 16] [--questions 2] [--generator NAME] [--seconds 600]

Runs `groundtalk serve` on the sample handbook, in a folder of its own, with the default models unless --generator names
others. Everybody connects to the websocket at once and asks one question after the other. Meanwhile `/healthz` is read
ten times a second. The lag of the loop is the server's own metric, without the time before the first question.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import uuid4

import httpx
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from benchmarks.server import server
from bot.machine.facts import this_machine
from finetune.evaluation.handbook import SAMPLE_QUESTIONS, HandbookQuestion
from finetune.examples import read_examples

LAG = "groundtalk_loop_lag_seconds"
HEALTH_PERIOD = 0.1
SAYS = Console(highlight=False, soft_wrap=True).print

Buckets = Mapping[float, float]
"""Observations up to each bound."""


@dataclass
class Seen:
    """Seconds of each kind, and what went wrong."""

    health: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    first_words: list[float] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    lost: int = 0
    """Connections that broke, or could not be made."""
    unhealthy: int = 0
    """Requests to `/healthz` without an answer within 10 s."""


async def watch_health(address: str, seen: Seen) -> None:
    """Reads `/healthz` on time, whether the request before has been answered or not."""

    async def read() -> None:
        started = perf_counter()
        try:
            await client.get(f"http://{address}/healthz")
        except httpx.HTTPError:
            seen.unhealthy += 1
        seen.health.append(perf_counter() - started)

    async with httpx.AsyncClient(timeout=10) as client, asyncio.TaskGroup() as group:
        while True:
            group.create_task(read())
            await asyncio.sleep(HEALTH_PERIOD)


async def talk(address: str, questions: Sequence[str], seen: Seen) -> None:
    """One person, who asks one question after the other."""
    try:
        async with connect(f"ws://{address}/ws") as websocket:
            await websocket.send(json.dumps({"type": "hello", "conversation": None, "after": 0}))
            await _next(websocket, "ready")
            for question in questions:
                await _ask(websocket, question, seen)
    except (WebSocketException, OSError):
        seen.lost += 1


async def _ask(websocket: ClientConnection, question: str, seen: Seen) -> None:
    sent = perf_counter()
    await websocket.send(json.dumps({"type": "message", "id": uuid4().hex, "text": question}))
    await _next(websocket, "accepted")
    seen.accepted.append(perf_counter() - sent)
    if await _next(websocket, "token", "answer") == "token":
        seen.first_words.append(perf_counter() - sent)
        await _next(websocket, "answer")
    seen.turns.append(perf_counter() - sent)


async def _next(websocket: ClientConnection, *kinds: str) -> str:
    """The type of the next frame of one of the kinds."""
    while True:
        frame = json.loads(await websocket.recv())
        if frame["type"] in kinds:
            return str(frame["type"])


async def read_lag(address: str) -> Buckets:
    async with httpx.AsyncClient(timeout=60) as client:
        text = (await client.get(f"http://{address}/metrics")).text
    samples = (s for family in text_string_to_metric_families(text) for s in family.samples)
    return {float(s.labels["le"]): s.value for s in samples if s.name == f"{LAG}_bucket"}


def quantile(share: float, before: Buckets, after: Buckets) -> str:
    """Between two bounds, as Prometheus' histogram_quantile takes it."""
    counts = {bound: after[bound] - before.get(bound, 0) for bound in sorted(after)}
    wanted, lower, below = share * max(counts.values()), 0.0, 0.0
    for bound, seen in counts.items():
        if seen >= wanted:
            part = (wanted - below) / (seen - below) if seen > below else 1.0
            inside = lower + (bound - lower) * part
            return f"over {lower * 1000:.0f}" if bound == float("inf") else f"{inside * 1000:.1f}"
        lower, below = bound, seen
    return "-"


def milliseconds(share: float, seconds: Sequence[float]) -> str:
    if not seconds:
        return "-"
    ordered = sorted(seconds)
    return f"{ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000:.1f}"


async def measure(address: str, given: argparse.Namespace) -> None:
    rows = [row.question for row in read_examples(SAMPLE_QUESTIONS, HandbookQuestion) if row.kind == "plain"]
    asked = (list(islice(cycle(rows), n, n + given.questions)) for n in range(given.people))
    seen = Seen()
    before = await read_lag(address)
    watching = asyncio.create_task(watch_health(address, seen))
    try:
        async with asyncio.timeout(given.seconds):
            await asyncio.gather(*(talk(address, questions, seen) for questions in asked))
    except TimeoutError:
        SAYS(f"not all were answered within {given.seconds:g} s")
    watching.cancel()
    await asyncio.wait([watching])
    report(given, seen, before, await read_lag(address))


def report(given: argparse.Namespace, seen: Seen, before: Buckets, after: Buckets) -> None:
    machine = this_machine()
    SAYS(
        f"{machine.cpu}, {machine.cores} cores; {given.people} people at once, {given.questions} questions each"
    )
    SAYS(f"loop lag, ms: p50 {quantile(0.5, before, after)}, p99 {quantile(0.99, before, after)}")
    for name, seconds, shares in (
        ("/healthz", seen.health, (0.5, 0.99)),
        ("accepted", seen.accepted, (0.5, 0.95)),
    ):
        SAYS(
            f"{name}, ms: "
            + ", ".join(f"p{share * 100:.0f} {milliseconds(share, seconds)}" for share in shares)
        )
    SAYS(f"connections lost: {seen.lost}; /healthz without an answer: {seen.unhealthy}")
    words = f"{median(seen.first_words):.1f} s" if seen.first_words else "-"
    whole = f"{median(seen.turns):.1f} s" if seen.turns else "-"
    SAYS(f"answered: {len(seen.turns)}; first word p50 {words}, whole turn p50 {whole}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--questions", type=int, default=2, help="of each person")
    parser.add_argument("--generator", help="a name of `groundtalk models list`, or a file")
    parser.add_argument("--seconds", type=float, default=600, help="the longest time")
    given = parser.parse_args()
    named = {"GENERATOR": given.generator} if given.generator else {}
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), named) as running:
        SAYS(f"ready after {running.ready_after:.1f} s")
        asyncio.run(measure(running.address, given))


if __name__ == "__main__":
    main()
