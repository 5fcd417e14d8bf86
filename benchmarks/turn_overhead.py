"""What a turn costs without the models: accept, claim, history, commit and delivery, in short and long conversations.

    python -m benchmarks.turn_overhead [--postgres [URL]]

A turn here is a question of 100 characters and an answer of 600 with five passages of 1,000. Short and long
conversations take turns, so that whatever else the machine does falls on both. Times are of one turn after the other.
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
"""Turns of history that a question is rewritten with."""

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

Spent = dict[str, list[float]]
"""Seconds of each measured turn, by stage."""


@dataclass(slots=True)
class Watch:
    """Notes how long each stage took since the one before."""

    spent: Spent
    last: float

    def note(self, stage: str) -> None:
        moment = perf_counter()
        self.spent[stage].append(moment - self.last)
        self.last = moment


async def measure(url: str) -> Mapping[int, Spent]:
    """Seconds by length of the conversation and stage."""
    short = [Address(CHANNEL, f"short {n}") for n in range(WARM_UP + ROUNDS)]
    long = Address(CHANNEL, "long")
    spent: dict[int, Spent] = {SHORT: defaultdict(list), LONG: defaultdict(list)}
    async with await Store.open(url) as store:
        await _fill(store, long, LONG)
        for home in short:
            await _fill(store, home, SHORT)
        for n, home in enumerate(short):
            if n == WARM_UP:
                spent = {SHORT: defaultdict(list), LONG: defaultdict(list)}
            await _turn(store, home, spent[SHORT])
            await _turn(store, long, spent[LONG])
    return spent


_ids = count()


async def _turn(store: Store, address: Address, spent: Spent) -> None:
    """One question, answered and delivered as the manager and the relay do it."""
    watch = Watch(spent, perf_counter())
    began = watch.last
    receipt = await store.turns.accept(_said(address))
    watch.note("accept")
    home = receipt.conversation.id
    claim = await store.claims.claim(home, "benchmark", 60)
    turn = await store.claims.next_pending(home)
    assert claim is not None and turn is not None
    turn = await store.claims.begin(claim, turn)
    watch.note("claim")
    await store.turns.history(home, turn.number, WINDOW)
    watch.note("history")
    await store.turns.commit(claim, turn, ANSWER, {"text": ANSWER.text})
    await store.claims.release(claim)
    watch.note("commit")
    (outgoing,) = await store.outbox.due(CHANNEL, "benchmark", 16, 60)
    await store.outbox.mark_delivered(outgoing)
    watch.note("outbox")
    spent["turn"].append(watch.last - began)


async def _fill(store: Store, address: Address, turns: int) -> None:
    """A conversation that has gone on for so many turns, all answered and delivered."""
    home = await store.conversations.start(address)
    claim = await store.claims.claim(home.id, "benchmark", 3600)
    assert claim is not None
    for _ in range(turns // 2):
        receipt = await store.turns.accept(_said(address), home.id)
        await store.turns.commit(claim, receipt.turn, ANSWER, {"text": ANSWER.text})
    await store.claims.release(claim)
    await store.outbox.mark_seen(home.id, turns)


def _said(address: Address) -> Utterance:
    return Utterance(address, str(next(_ids)), "What voltage does it take? " * 4)


def report(name: str, spent: Mapping[int, Spent]) -> Table:
    """Milliseconds at the median, and at the 95th percentile of whole turns."""
    table = Table(title=f"One turn without the models, {name}, ms")
    for heading in ("stage", f"{SHORT} turns", f"{LONG:,} turns", "ratio"):
        table.add_column(heading, justify="right")
    for stage in spent[SHORT]:
        short, long = (median(spent[length][stage]) for length in (SHORT, LONG))
        table.add_row(stage, f"{short * 1000:.2f}", f"{long * 1000:.2f}", f"{long / short:.2f}")
    tails = [quantiles(spent[length]["turn"], n=20)[-1] * 1000 for length in (SHORT, LONG)]
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
