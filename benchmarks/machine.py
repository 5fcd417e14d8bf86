"""The speed that is expected of this machine beside the speed of the real models, taken in turns.

    python -m benchmarks.machine [--rounds 3] [NAME...]

For each of the default models: tokens per second of a prompt of some 500 tokens that was never read before, and of the
24 tokens written after it, and what the probe of `bot/machine` expects at that moment. Both count processor time, so
that other work on the machine does not matter. The last column is the factor in `bot/machine/speed.py` times what is
shown: with the right factor it is 1.
"""

import argparse
import asyncio
import random
import sys
from dataclasses import dataclass
from statistics import median

import psutil
from langchain_core.language_models import BaseChatModel
from rich.console import Console
from rich.table import Table

from bot.machine.facts import this_machine
from bot.machine.speed import SHAPES, Speed, measure_speeds
from bot.models.download import Hub
from bot.models.engines import ModelSpec, close_engine, load_engine, shipped_adapter
from bot.models.weights import Weights
from bot.settings import load_settings

WORDS = ("battery", "charger", "brake", "wheel", "invoice", "refund", "delivery", "warranty", "helmet")
PROMPT_WORDS = 400
REPLY_TOKENS = 24


@dataclass(frozen=True, slots=True)
class SpeedComparison:
    """What was expected and what the model did."""

    expected: Speed
    real: Speed


async def real_speed(chat: BaseChatModel, seed: int) -> Speed:
    """Reads words in an order that no prompt had before."""
    words = " ".join(random.Random(seed).choices(WORDS, k=PROMPT_WORDS))
    started = processor_seconds()
    first, read, written = 0.0, 0, 0
    async for piece in chat.astream(f"{words}\nTell a long story about these.", max_tokens=REPLY_TOKENS):
        if not first and piece.text:
            first = processor_seconds() - started
        if piece.usage_metadata:
            read, written = piece.usage_metadata["input_tokens"], piece.usage_metadata["output_tokens"]
    return Speed(read / first, (written - 1) / (processor_seconds() - started - first))


def processor_seconds() -> float:
    """Of this process and of the engine's, as if all cores had shared the work."""
    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return sum(each.user + each.system for each in times) / this_machine().threads


def measured(name: str, rounds: int) -> list[SpeedComparison]:
    """Expectation and reality in turns, after a prompt that warms the model up."""
    settings = load_settings()
    weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
    chat = load_engine(settings, weights, ModelSpec(name, shipped_adapter(name, "answer")))
    try:
        asyncio.run(real_speed(chat, 0))
        return [_pair(name, chat, seed) for seed in range(1, rounds + 1)]
    finally:
        close_engine(chat)


def _pair(name: str, chat: BaseChatModel, seed: int) -> SpeedComparison:
    pair = SpeedComparison(measure_speeds()[name], asyncio.run(real_speed(chat, seed)))
    sys.stderr.write(f"{name} {pair}\n")
    return pair


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=list(SHAPES))
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    table = Table("model", "tokens/s", "expected", "real", "real / expected", title=str(this_machine()))
    for name in given.names:
        pairs = measured(name, given.rounds)
        for what in ("read", "write"):
            expected, real = (
                [getattr(getattr(p, side), what) for p in pairs] for side in ("expected", "real")
            )
            ratio = median(r / e for r, e in zip(real, expected, strict=True))
            table.add_row(name, what, _range(expected), _range(real), f"{ratio:.2f}")
    Console().print(table)


def _range(values: list[float]) -> str:
    return f"{median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


if __name__ == "__main__":
    main()
