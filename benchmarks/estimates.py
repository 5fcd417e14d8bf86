"""Whether the estimates are true: what was said before each answer beside what it then took, on the real models.

    python -m benchmarks.estimates [--questions 12]

Asks the sample questions one at a time with the settings of the environment. The first answer gives no estimate; those
after it are compared. `within 2x`: the share of estimates between half and twice the time that it took.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import monotonic

from rich.console import Console
from rich.table import Table

from bot.application import Bot
from dialogue.events import Answered, Event, Token, Writing
from finetune.evaluation.handbook import SAMPLE_QUESTIONS, HandbookQuestion
from finetune.examples import read_examples


@dataclass(frozen=True, slots=True)
class EstimateCheck:
    """Seconds that were said and that it took."""

    said: float
    took: float

    @property
    def is_close(self) -> bool:
        return self.took / 2 <= self.said <= 2 * self.took


async def compare(events: AsyncIterator[Event]) -> dict[str, EstimateCheck]:
    """The estimates of one turn; none if nothing was measured before it, or no word was streamed."""
    writing, began, first = Writing(0, None, None), 0.0, None
    async for event in events:
        match event:
            case Writing():
                writing, began = event, monotonic()
            case Token() if first is None:
                first = monotonic()
            case Answered():
                break
    if first is None or writing.first_word is None or writing.complete is None:
        return {}
    return {
        "first word": EstimateCheck(writing.first_word, first - began),
        "complete": EstimateCheck(writing.complete, monotonic() - began),
    }


async def measure(questions: int) -> list[dict[str, EstimateCheck]]:
    asked = [each for each in read_examples(SAMPLE_QUESTIONS, HandbookQuestion) if not each.history]
    async with Bot.open() as bot:
        return [
            await compare(bot.stream(f"visitor-{n}", each.question))
            for n, each in enumerate(asked[:questions])
        ]


def show(turns: Sequence[dict[str, EstimateCheck]]) -> Table:
    table = Table("", "estimates", "said, median s", "took, median s", "within 2x")
    for name in ("first word", "complete"):
        if not (found := [turn[name] for turn in turns if name in turn]):
            continue
        close = sum(each.is_close for each in found)
        said, took = median(each.said for each in found), median(each.took for each in found)
        table.add_row(name, str(len(found)), f"{said:.1f}", f"{took:.1f}", f"{close} of {len(found)}")
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=12)
    Console().print(show(asyncio.run(measure(parser.parse_args().questions))))
