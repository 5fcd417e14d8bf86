"""Latency and memory of each local engine with one person and with several at once, in one run.

    python -m benchmarks.engine [--generator NAME|FILE] [--engines openvino,llamacpp,transformers] [--people 8]

Each engine runs in a process of its own, as in the bot. The prompts are the bot's own, over pages of the handbook; each
person asks about another page. "first, cold" is the first prompt of all; "first" has the beginning that all share
in the prefix cache, as in a bot that has been running for a while; "first, again" is a prompt that was just answered.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from rich.console import Console
from rich.table import Table

from benchmarks.prompts import answer_prompts
from benchmarks.replies import Reply, reply
from bot.machine.facts import this_machine
from bot.models.download import Hub
from bot.models.engines import close_engine, load_engine
from bot.models.weights import Weights
from bot.settings import load_settings
from dialogue.engines.process import ProcessChatModel

ALONE = 3
"""Prompts of a single person, one after the other."""

Prompt = Sequence[BaseMessage]


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds and megabytes of one engine. together: replies to all at once; seconds: until the last was complete."""

    loaded: float
    cold: Reply
    again: Reply
    alone: Sequence[Reply]
    together: Sequence[Reply]
    seconds: float
    peak: float
    rest: float

    @property
    def row(self) -> list[str]:
        """Under HEADINGS."""
        firsts = [each.first for each in self.together]
        rates = [(each.tokens - 1) / max(each.whole - each.first, 1e-3) for each in self.alone]
        seconds = (
            self.loaded,
            self.cold.first,
            median(each.first for each in self.alone),
            self.again.first,
        )
        return [
            *(f"{cell:.2f}" for cell in seconds),
            f"{median(rates):.1f}",
            *(f"{cell:.2f}" for cell in (median(firsts), max(firsts), self.seconds)),
            *(f"{cell:.0f}" for cell in (self.rest, self.peak)),
        ]


HEADINGS = (
    *("engine", "start", "first, cold", "first", "first, again", "tokens/s"),
    *("at once: first, median", "slowest", "all whole", "MB after", "MB peak"),
)


@contextmanager
def engine(kind: str, generator: str | None) -> Iterator[BaseChatModel]:
    """The engine as the bot loads it; the default generator if `generator` is None."""
    settings = load_settings(engine=kind, **({"generator": generator} if generator else {}))
    chat = load_engine(settings, Weights(settings.weights_dir, Hub(settings.hf_endpoint)))
    try:
        yield chat
    finally:
        close_engine(chat)


async def measure(
    chat: BaseChatModel, prompts: Sequence[Prompt], tokens: int, loaded: float = 0.0
) -> Latencies:
    """The first prompt twice, then ALONE prompts one after the other, and the others at once."""
    cold = await reply(chat, prompts[0], tokens)
    again = await reply(chat, prompts[0], tokens)
    alone = [await reply(chat, prompt, tokens) for prompt in prompts[1 : 1 + ALONE]]
    started = perf_counter()
    together = await asyncio.gather(*(reply(chat, prompt, tokens) for prompt in prompts[1 + ALONE :]))
    seconds = perf_counter() - started
    return Latencies(
        loaded, cold, again, alone, together, seconds, memory(chat, "VmHWM"), memory(chat, "VmRSS")
    )


def memory(chat: BaseChatModel, field: str) -> float:
    """Megabytes of the engine's process, by their name in /proc."""
    process = chat.process.pid if isinstance(chat, ProcessChatModel) else "self"
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(rf"^{field}:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generator", help="a name of `groundtalk models list`, or a file")
    parser.add_argument("--engines", default="openvino,llamacpp,transformers")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=64, help="the longest reply")
    given = parser.parse_args()
    prompts = answer_prompts(1 + ALONE + given.people)
    table = Table(*HEADINGS, title=f"{this_machine()}: one person, and {given.people} at once; seconds")
    for kind in given.engines.split(","):
        started = perf_counter()
        with engine(kind, given.generator) as chat:
            loaded = perf_counter() - started
            found = asyncio.run(measure(chat, prompts, given.tokens, loaded))
        table.add_row(kind, *found.row)
        sys.stderr.write(f"{kind} {' '.join(found.row)}\n")
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
