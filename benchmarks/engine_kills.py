"""Kills the process of the text engine at random moments while people are answered, and counts their answers.

    python -m benchmarks.engine_kills [--kills 200] [--people 4] [--generator smollm2-135m-instruct]

The whole bot runs on the sample handbook, in a folder of its own; people ask questions about it one after the other.
The next kill comes within two seconds after the engine is ready again. In the end everybody waits for the last answer.
"""

import argparse
import asyncio
import logging
import os
import random
import signal
import tempfile
import time
from pathlib import Path
from time import perf_counter

import structlog
from rich.console import Console

from benchmarks.promotion import Crowd, print_turns
from bot.assembly import Runtime, open_runtime
from bot.channels.base import DirectChannel
from bot.settings import load_settings
from dialogue.engines.process import EngineProcess, ProcessChatModel
from finetune.evaluation.handbook import EVALUATION_CHANNEL, SAMPLE_QUESTIONS, HandbookQuestion
from finetune.examples import read_examples

LONGEST_LIFE = 2.0
"""Seconds from being ready to being killed."""


async def kill_again(bot: Runtime, kills: int) -> tuple[int, list[float]]:
    """Kills while a turn was in progress, and the seconds until the engine was ready again."""
    engine = bot.engine
    assert isinstance(engine, ProcessChatModel)
    busy, restarts = 0, []
    for n in range(1, kills + 1):
        await asyncio.sleep(random.uniform(0, LONGEST_LIFE))
        former = engine.process.pid
        busy += (await bot.store.operators.backlog()).turns > 0
        killed = perf_counter()
        if former:
            os.kill(former, signal.SIGKILL)
        await asyncio.to_thread(wait_until_ready, engine.process, former)
        restarts.append(perf_counter() - killed)
        Console(stderr=True).print(
            f"kill {n} of {kills}: ready again after {restarts[-1]:.1f} s", highlight=False
        )
    return busy, restarts


def wait_until_ready(process: EngineProcess, former: int | None) -> None:
    while process.trouble or process.pid == former:
        time.sleep(0.01)


async def measure(given: argparse.Namespace, folder: Path) -> None:
    settings = load_settings(
        generator=given.generator,
        rewriter=given.generator,
        data_dir=folder,
        database_url="",
        telegram_bot_token="",
        answer_cache=0,
    )
    questions = [
        row.question for row in read_examples(SAMPLE_QUESTIONS, HandbookQuestion) if row.kind == "plain"
    ]
    bot = await open_runtime(settings, lambda *_: None, (DirectChannel(EVALUATION_CHANNEL),))
    async with bot:
        crowd = Crowd(bot, questions)
        talking = [asyncio.create_task(crowd.talk(number)) for number in range(given.people)]
        busy, restarts = await kill_again(bot, given.kills)
        crowd.stop.set()
        asked = sum(await asyncio.gather(*talking))
        await print_turns(bot, asked, given.people)
        numbers = bot.metrics.registry.get_sample_value
        apologies = numbers("groundtalk_turns_total", {"outcome": "failed"}) or 0
        counted = numbers("groundtalk_engine_restarts_total") or 0
    say = Console(highlight=False).print
    say(f"kills {given.kills}, of these while a turn was in progress {busy}; restarts counted {counted:.0f}")
    say(
        f"ready again after {sorted(restarts)[len(restarts) // 2]:.1f} s (median), {max(restarts):.1f} s at most"
    )
    say(f"apologies, because every attempt was killed: {apologies:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--generator", default="smollm2-135m-instruct")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(given, Path(folder)))


if __name__ == "__main__":
    main()
