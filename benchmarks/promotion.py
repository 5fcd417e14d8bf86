"""Promotes a release and rolls back while people talk: what became of their questions, and of the time.

    python -m benchmarks.promotion [--generator smollm2-135m-instruct] [--adapter FOLDER] [--people 20] [--seconds 60]

The real wiring on the sample handbook, in a folder of its own; people ask the handbook's questions without end, each in
a conversation of their own. Without --adapter, a random one stands for what was learnt. Before, in between and after,
when it is quiet, the same questions are asked again: a roll-back must restore the same answers.
"""

import argparse
import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from rich.console import Console

from benchmarks.adapters import random_adapter
from bot.assembly import Runtime, open_runtime
from bot.channels.base import DirectChannel
from bot.logs import quiet_logs
from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import Settings, load_settings
from dialogue.conversation import Address, Role, Utterance
from dialogue.events import Answered
from finetune.evaluation.handbook import EVALUATION_CHANNEL, SAMPLE_QUESTIONS, HandbookQuestion
from finetune.examples import read_examples
from finetune.release import BASE_RELEASE, LANGUAGE_TASKS
from finetune.releases import Releases

QUIET = 5
"""Questions that are asked when nobody else talks."""


@dataclass
class Crowd:
    """People who ask one question after the other until `told` to stop."""

    bot: Runtime
    questions: Sequence[str]
    told: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[float] = field(default_factory=list)
    """When anything reached anybody."""

    async def talk(self, number: int) -> int:
        """How many questions one of them asked."""
        asked = 0
        for question in cycle(self.questions[number % len(self.questions) :]):
            if self.told.is_set():
                return asked
            asked += 1
            words = Utterance(Address(EVALUATION_CHANNEL, f"person {number}"), str(asked), question)
            async for _ in self.bot.manager.converse(words):
                self.heard.append(perf_counter())
        return asked

    @property
    def longest_gap(self) -> float:
        """Seconds in which nobody heard anything."""
        gaps = (later - earlier for earlier, later in zip(self.heard, self.heard[1:], strict=False))
        return max(gaps, default=0.0)


async def alone(bot: Runtime, questions: Sequence[str]) -> list[tuple[str, str]]:
    """Release and answer of each question, asked in a conversation of its own."""
    said = []
    for question in questions:
        address = Address(EVALUATION_CHANNEL, uuid4().hex)
        events = [event async for event in bot.manager.converse(Utterance(address, "1", question))]
        assert isinstance(events[-1], Answered)
        home = await bot.store.conversations.current(address)
        turn = await bot.store.turns.get(home.id if home else "", events[-1].turn)
        said.append((str(turn.release), turn.text))
    return said


async def switched(bot: Runtime, number: int) -> float:
    """Seconds until the promotion of this number answers here."""
    began = perf_counter()
    for _ in count():
        if bot.watcher.models.active.number == number:
            break
        if bot.watcher.trouble:
            raise SystemExit(f"Promotion {number} cannot be loaded: {bot.watcher.trouble}")
        await asyncio.sleep(0.01)
    return perf_counter() - began


async def measure(settings: Settings, adapter: Path, people: int, seconds: float) -> None:
    questions = [
        row.question for row in read_examples(SAMPLE_QUESTIONS, HandbookQuestion) if row.kind == "plain"
    ]
    tell = Console(highlight=False).print
    bot = await open_runtime(settings, lambda *_: None, (DirectChannel(EVALUATION_CHANNEL),))
    releases = Releases(bot.store.database)
    release = await releases.add(adapter, tasks=LANGUAGE_TASKS, base=settings.generator)
    async with bot:
        await switched(bot, (await releases.promote(BASE_RELEASE)).number)
        before = await alone(bot, questions[:QUIET])
        crowd = Crowd(bot, questions)
        talking = [asyncio.create_task(crowd.talk(number)) for number in range(people)]
        await asyncio.sleep(seconds / 3)
        forward = await switched(bot, (await releases.promote(release.id)).number)
        await asyncio.sleep(seconds / 3)
        back = await switched(bot, (await releases.rollback()).number)
        await asyncio.sleep(seconds / 3)
        crowd.told.set()
        asked = sum(await asyncio.gather(*talking))
        after = await alone(bot, questions[:QUIET])
        await tell_turns(bot, asked, people)
    tell(
        f"until the release answered: {forward:.1f} s, and after the roll-back: {back:.1f} s, both under load"
    )
    tell(f"longest time in which nobody heard anything: {crowd.longest_gap:.1f} s")
    tell(f"the same {QUIET} answers after the roll-back as before: {'yes' if before == after else 'NO'}")


async def tell_turns(bot: Runtime, asked: int, people: int) -> None:
    homes = [
        await bot.store.conversations.current(Address(EVALUATION_CHANNEL, f"person {number}"))
        for number in range(people)
    ]
    turns = [turn for home in homes if home for turn in await bot.store.turns.after(home.id, 0, 100_000)]
    answers = [turn for turn in turns if turn.role is Role.ASSISTANT]
    replied = Counter((turn.conversation, turn.reply_to) for turn in answers)
    tell = Console(highlight=False).print
    tell(f"asked {asked}, answered {len(replied)}, dropped {asked - len(replied)}, ", end="")
    tell(
        f"doubled {len(answers) - len(replied)}, without a release {sum(not turn.release for turn in answers)}"
    )
    for release, answers_of in Counter(str(turn.release) for turn in answers).most_common():
        tell(f"  {answers_of:5} by {release}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generator", default="smollm2-135m-instruct")
    parser.add_argument("--adapter", type=Path, help="a folder in PEFT's form, trained on the generator")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    quiet_logs()
    with tempfile.TemporaryDirectory() as folder:
        apart = {
            "data_dir": Path(folder),
            "database_url": "",
            "telegram_bot_token": "",
            "answer_silence": 600,
        }
        settings = load_settings(generator=options.generator, **apart)
        weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint)).locate(options.generator)
        assert weights is not None
        adapter = options.adapter or random_adapter(weights, Path(folder) / "adapter")
        asyncio.run(measure(settings, adapter, options.people, options.seconds))


if __name__ == "__main__":
    main()
