"""The cost of a turn without models: accept, claim, history, commit and delivery, in short and long conversations.

    python -m benchmarks.turn_overhead [--postgres [URL]]

A turn is a question of 100 characters and an answer of 600 with five passages of 1,000. Turns of short and of long
conversations alternate, so that other load on the machine affects both. There is one turn at a time.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from statistics import median, quantiles
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks.databases import databases
from dialogue.conversation import Address, Answer, Citation, Passage, Utterance
from dialogue.store.store import Store

SHORT, LONG = 10, 10_000
WARM_UP, ROUNDS = 20, 200
CHANNEL = "benchmark"
WINDOW = 12
"""Turns of history that are read for a rewrite."""

PASSAGES = tuple(
    Passage(n, f"chunk-{n}", f"Page {n}", f"pages/{n}.md", f"{n} " + "All about chargers. " * 50, 0.6)
    for n in range(1, 6)
)
ANSWER = Answer(
    text="It takes 230 volts [1]. " * 25,
    query="What voltage does the charger take?",
    citations=(Citation(1, "chunk-1", "Page 1", "pages/1.md", "All about chargers."),),
    passages=PASSAGES,
    release="base",
    timings={"rewrite": 0.1, "retrieve": 0.01, "first_token": 0.5, "answer": 2.0},
)

Durations = dict[str, list[float]]
"""Seconds of each measured turn, by stage."""


@dataclass(slots=True)
class StageTimer:
    """Records how long each stage took since the previous one."""

    durations: Durations
    last: float

    def record(self, stage: str) -> None:
        moment = perf_counter()
        self.durations[stage].append(moment - self.last)
        self.last = moment


async def measure(url: str) -> Mapping[int, Durations]:
    """Seconds by length of the conversation and stage."""
    short = [Address(CHANNEL, f"short {n}") for n in range(WARM_UP + ROUNDS)]
    long = Address(CHANNEL, "long")
    durations: dict[int, Durations] = {SHORT: defaultdict(list), LONG: defaultdict(list)}
    async with await Store.open(url) as store:
        await _fill(store, long, LONG)
        for address in short:
            await _fill(store, address, SHORT)
        for n, address in enumerate(short):
            if n == WARM_UP:
                durations = {SHORT: defaultdict(list), LONG: defaultdict(list)}
            await _turn(store, address, durations[SHORT])
            await _turn(store, long, durations[LONG])
    return durations


_ids = count()


async def _turn(store: Store, address: Address, durations: Durations) -> None:
    """One question, answered and delivered with the calls of the manager and the dispatcher."""
    timer = StageTimer(durations, perf_counter())
    began = timer.last
    receipt = await store.turns.accept(_question(address))
    timer.record("accept")
    conversation = receipt.conversation.id
    claim = await store.claims.claim(conversation, "benchmark", 60)
    turn = await store.claims.next_pending(conversation)
    assert claim is not None and turn is not None
    turn = await store.claims.begin(claim, turn)
    timer.record("claim")
    await store.turns.history(conversation, turn.number, WINDOW)
    timer.record("history")
    await store.turns.commit(claim, turn, ANSWER, {"text": ANSWER.text})
    await store.claims.release(claim)
    timer.record("commit")
    (outgoing,) = await store.outbox.due(CHANNEL, "benchmark", 16, 60)
    await store.outbox.mark_delivered(outgoing)
    timer.record("outbox")
    durations["turn"].append(timer.last - began)


async def _fill(store: Store, address: Address, turns: int) -> None:
    """A conversation of so many turns, all answered and delivered."""
    conversation = await store.conversations.start(address)
    claim = await store.claims.claim(conversation.id, "benchmark", 3600)
    assert claim is not None
    for _ in range(turns // 2):
        receipt = await store.turns.accept(_question(address), conversation.id)
        await store.turns.commit(claim, receipt.turn, ANSWER, {"text": ANSWER.text})
    await store.claims.release(claim)
    await store.outbox.mark_seen(conversation.id, turns)


def _question(address: Address) -> Utterance:
    return Utterance(address, str(next(_ids)), "What voltage does it take? " * 4)


def report(name: str, durations: Mapping[int, Durations]) -> Table:
    """Median milliseconds of each stage, and the 95th percentile of whole turns."""
    table = Table(title=f"One turn without the models, {name}, ms")
    for heading in ("stage", f"{SHORT} turns", f"{LONG:,} turns", "ratio"):
        table.add_column(heading, justify="right")
    for stage in durations[SHORT]:
        short, long = (median(durations[length][stage]) for length in (SHORT, LONG))
        table.add_row(stage, f"{short * 1000:.2f}", f"{long * 1000:.2f}", f"{long / short:.2f}")
    tails = [quantiles(durations[length]["turn"], n=20)[-1] * 1000 for length in (SHORT, LONG)]
    table.add_row("turn, p95", *(f"{tail:.2f}" for tail in tails), "")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--postgres", nargs="?", const="", metavar="URL", help="measure PostgreSQL too")
    with databases(parser.parse_args().postgres) as urls:
        for name, url in urls.items():
            Console().print(report(name, asyncio.run(measure(url))))


if __name__ == "__main__":
    main()
