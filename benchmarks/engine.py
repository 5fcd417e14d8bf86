"""Latency of the engine with one person and with eight at once, compared with transformers' `generate`.

    python -m benchmarks.engine [--generator NAME|FILE] [--people 8] [--tokens 64]

The prompts are the bot's own, over pages of the handbook; each person asks about another page. The beginning that all
prompts share is in the prefix cache, as in a bot that has been running for a while; the rest of each prompt is new.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from rich.console import Console
from rich.table import Table

from benchmarks.prompts import answer_prompts
from benchmarks.replies import Reply, reply
from bot.models.download import Hub
from bot.models.engines import close_engine, load_engine
from bot.models.weights import Weights
from bot.settings import load_settings

ALONE = 3
"""Prompts of a single person, one after the other."""

Prompt = Sequence[BaseMessage]


@dataclass(frozen=True, slots=True)
class Latencies:
    """Replies to one person, replies to all at once, and the seconds until the last of those was complete."""

    alone: Sequence[Reply]
    together: Sequence[Reply]
    seconds: float


@contextmanager
def engine(kind: str, generator: str | None) -> Iterator[BaseChatModel]:
    """The engine as the bot loads it; the default generator if `generator` is None."""
    settings = load_settings(engine=kind, **({"generator": generator} if generator else {}))
    chat = load_engine(settings, Weights(settings.weights_dir, Hub(settings.hf_endpoint)))
    try:
        yield chat
    finally:
        close_engine(chat)


async def measure(chat: BaseChatModel, prompts: Sequence[Prompt], tokens: int) -> Latencies:
    """The first prompt is a warm-up; then ALONE prompts one after the other, and the others at once."""
    await reply(chat, prompts[0], tokens)
    alone = [await reply(chat, prompt, tokens) for prompt in prompts[1 : 1 + ALONE]]
    started = perf_counter()
    together = await asyncio.gather(*(reply(chat, prompt, tokens) for prompt in prompts[1 + ALONE :]))
    return Latencies(alone, together, perf_counter() - started)


HEADINGS = ("engine", "first text", "whole", "at once: first text, median", "slowest", "all whole")


def row(kind: str, latencies: Latencies) -> list[str]:
    """Seconds under HEADINGS."""
    firsts = [each.first for each in latencies.together]
    cells = (
        median(each.first for each in latencies.alone),
        median(each.whole for each in latencies.alone),
        median(firsts),
        max(firsts),
        latencies.seconds,
    )
    return [kind, *(f"{cell:.2f}" for cell in cells)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generator", help="a name of `groundtalk models list`, or a file")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=64, help="the longest reply")
    given = parser.parse_args()
    prompts = answer_prompts(1 + ALONE + given.people)
    table = Table(*HEADINGS, title=f"Seconds, one person and {given.people} at once")
    seconds = []
    for kind in ("openvino", "transformers"):
        with engine(kind, given.generator) as chat:
            latencies = asyncio.run(measure(chat, prompts, given.tokens))
        seconds.append(latencies.seconds)
        table.add_row(*row(kind, latencies))
        sys.stderr.write(f"{' '.join(row(kind, latencies))}\n")
    console = Console()
    console.print(table)
    console.print(f"All {given.people} have their answers {seconds[1] / seconds[0]:.1f} times faster.")


if __name__ == "__main__":
    main()
