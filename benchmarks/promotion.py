"""Promotes a release and rolls it back while people talk: dropped or doubled answers, and the time it takes.

    python -m benchmarks.promotion [--generator smollm2-135m-instruct] [--adapter FOLDER] [--people 20] [--seconds 60]

The whole bot runs on the sample handbook, in a folder of its own; people ask questions about the handbook one after the
other, each in their own conversation. Without --adapter a random one is promoted. Before the promotion and after the
rollback the same questions are asked without load: the answers must be the same.
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

COMPARED = 5
"""Questions that are asked without load, before and after."""


@dataclass
class Crowd:
    """People who ask one question after the other until `stop` is set."""

    bot: Runtime
    questions: Sequence[str]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    event_times: list[float] = field(default_factory=list)
    """When any event reached anybody."""

    async def talk(self, number: int) -> int:
        """Ask as one of them; the number of questions."""
        asked = 0
        for question in cycle(self.questions[number % len(self.questions) :]):
            if self.stop.is_set():
                return asked
            asked += 1
            message = Utterance(Address(EVALUATION_CHANNEL, f"person {number}"), str(asked), question)
            async for _ in self.bot.manager.converse(message):
                self.event_times.append(perf_counter())
        return asked

    @property
    def longest_gap(self) -> float:
        """The longest time in seconds without an event for anybody."""
        gaps = (
            later - earlier for earlier, later in zip(self.event_times, self.event_times[1:], strict=False)
        )
        return max(gaps, default=0.0)


async def answers_without_load(bot: Runtime, questions: Sequence[str]) -> list[tuple[str, str]]:
    """Release and answer of each question, each asked in its own conversation."""
    said = []
    for question in questions:
        address = Address(EVALUATION_CHANNEL, uuid4().hex)
        events = [event async for event in bot.manager.converse(Utterance(address, "1", question))]
        assert isinstance(events[-1], Answered)
        conversation = await bot.store.conversations.current(address)
        turn = await bot.store.turns.get(conversation.id if conversation else "", events[-1].turn)
        said.append((str(turn.release), turn.text))
    return said


async def wait_until_active(bot: Runtime, number: int) -> float:
    """Seconds until the promotion with this number is active in this process."""
    started = perf_counter()
    for _ in count():
        if bot.watcher.models.active.number == number:
            break
        if bot.watcher.trouble:
            raise SystemExit(f"Promotion {number} cannot be loaded: {bot.watcher.trouble}")
        await asyncio.sleep(0.01)
    return perf_counter() - started


async def measure(settings: Settings, adapter: Path, people: int, seconds: float) -> None:
    questions = [
        row.question for row in read_examples(SAMPLE_QUESTIONS, HandbookQuestion) if row.kind == "plain"
    ]
    print_line = Console(highlight=False).print
    bot = await open_runtime(settings, lambda *_: None, (DirectChannel(EVALUATION_CHANNEL),))
    releases = Releases(bot.store.database)
    release = await releases.add(adapter, tasks=LANGUAGE_TASKS, base=settings.generator)
    async with bot:
        await wait_until_active(bot, (await releases.promote(BASE_RELEASE)).number)
        before = await answers_without_load(bot, questions[:COMPARED])
        crowd = Crowd(bot, questions)
        talking = [asyncio.create_task(crowd.talk(number)) for number in range(people)]
        await asyncio.sleep(seconds / 3)
        forward = await wait_until_active(bot, (await releases.promote(release.id)).number)
        await asyncio.sleep(seconds / 3)
        back = await wait_until_active(bot, (await releases.rollback()).number)
        await asyncio.sleep(seconds / 3)
        crowd.stop.set()
        asked = sum(await asyncio.gather(*talking))
        after = await answers_without_load(bot, questions[:COMPARED])
        await print_turns(bot, asked, people)
    print_line(f"seconds until active under load: release {forward:.1f}, rollback {back:.1f}")
    print_line(f"longest time without an event: {crowd.longest_gap:.1f} s")
    print_line(
        f"the same {COMPARED} answers after the rollback as before: {'yes' if before == after else 'NO'}"
    )


async def print_turns(bot: Runtime, asked: int, people: int) -> None:
    conversations = [
        await bot.store.conversations.current(Address(EVALUATION_CHANNEL, f"person {number}"))
        for number in range(people)
    ]
    turns = [
        turn
        for conversation in conversations
        if conversation
        for turn in await bot.store.turns.after(conversation.id, 0, 100_000)
    ]
    answers = [turn for turn in turns if turn.role is Role.ASSISTANT]
    replied = Counter((turn.conversation, turn.reply_to) for turn in answers)
    print_line = Console(highlight=False).print
    print_line(f"asked {asked}, answered {len(replied)}, dropped {asked - len(replied)}, ", end="")
    print_line(
        f"doubled {len(answers) - len(replied)}, without a release {sum(not turn.release for turn in answers)}"
    )
    for release, answers_of in Counter(str(turn.release) for turn in answers).most_common():
        print_line(f"  {answers_of:5} by {release}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generator", default="smollm2-135m-instruct")
    parser.add_argument("--adapter", type=Path, help="a folder in PEFT's format, trained on the generator")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    quiet_logs()
    with tempfile.TemporaryDirectory() as folder:
        isolated = {
            "data_dir": Path(folder),
            "database_url": "",
            "telegram_bot_token": "",
            "answer_silence": 600,
            "answer_cache": 0,
        }
        settings = load_settings(generator=options.generator, **isolated)
        weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint)).locate(options.generator)
        assert weights is not None
        adapter = options.adapter or random_adapter(weights, Path(folder) / "adapter")
        asyncio.run(measure(settings, adapter, options.people, options.seconds))


if __name__ == "__main__":
    main()
