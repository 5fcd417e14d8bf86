"""A whole bot on an engine in a process of its own: warmed, restarted, and swapped with a promotion."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from langchain_core.messages import BaseMessage, HumanMessage
from structlog.testing import capture_logs

from bot.assembly import Runtime
from bot.models.engines import ModelSpec, close_engine
from dialogue.conversation import Address, Role, Turn, Utterance
from dialogue.engines.process import ProcessChatModel, ProcessLimits, start_process
from dialogue.prompts import LANGUAGES
from finetune.releases import Releases
from tests.bot.channels.waiting import eventually
from tests.bot.deployed_bot import asked_over_http, deployed
from tests.bot.fake_releases import released
from tests.dialogue.engines.echo_model import load_echo
from tests.dialogue.engines.test_process import is_there

pytestmark = pytest.mark.slow
QUESTION = "May I return it?"


@pytest.fixture
async def bot(tmp_path, sqlite_url):
    notes = tmp_path / "notes"

    def load(model: ModelSpec) -> ProcessChatModel:
        return start_process(load_echo, notes, limits=ProcessLimits(first_pause=0.1))

    with capture_logs():
        async with deployed(tmp_path, sqlite_url, load, close_engine) as loaded:
            loaded.collection.ingest(loaded.settings.knowledge_dir)
            yield loaded


def child(bot: Runtime) -> int:
    assert isinstance(bot.engine, ProcessChatModel)
    return bot.engine.process.pid


async def answers(bot: Runtime, account: str) -> list[Turn]:
    home = await bot.store.conversations.current(Address("terminal", account))
    turns = await bot.store.turns.after(home.id, 0, 1_000)
    return [turn for turn in turns if turn.role is Role.ASSISTANT]


async def answered(bot: Runtime, account: str, count: int) -> list[Turn]:
    async def enough() -> bool:
        return len(await answers(bot, account)) >= count

    await eventually(enough)
    return await answers(bot, account)


async def say(bot: Runtime, account: str, number: int = 1) -> None:
    await bot.manager.receive(Utterance(Address("terminal", account), str(number), QUESTION))


async def test_the_beginnings_of_the_prompts_are_read_before_the_first_question(bot, tmp_path):
    beginnings = [prompt for _, prompt in bot.watcher.models.beginnings]
    assert len(beginnings) == len(("answer", "rewrite"))
    assert len(bot.engine.process.prompts) == len(beginnings)
    assert notes_of(tmp_path) == lines_in(beginnings)


async def test_those_of_other_languages_are_read_when_nobody_waits(bot, tmp_path):
    models = bot.watcher.models
    beginnings, later = models.beginnings, list(models.later)
    assert len(later) == len(("answer", "rewrite")) * (len(LANGUAGES) - 1)
    expected = lines_in([prompt for _, prompt in [*beginnings, *later]])
    async with bot:

        async def read() -> bool:
            return notes_of(tmp_path) == expected

        await eventually(read)


async def test_somebody_who_asks_goes_before_what_is_read_ahead(bot):
    models = bot.watcher.models
    models.later.clear()
    models.later.append((bot.engine, [HumanMessage("slow")]))
    reading = asyncio.create_task(models.read_ahead())
    await eventually(lambda: _equal(bot.engine.process.waiting, 1))
    asked = asyncio.create_task(bot.engine.ainvoke("hello"))
    await reading
    assert not asked.done()
    assert len(models.later) == 1
    assert (await asked).text == "hello"
    await models.read_ahead()
    assert not models.later


async def _equal(found: int, expected: int) -> bool:
    return found == expected


def notes_of(folder: Path) -> int:
    return len((folder / "notes").read_text().splitlines())


def lines_in(prompts: Sequence[Sequence[BaseMessage]]) -> int:
    return sum(str(prompt[-1].content).count("\n") + 1 for prompt in prompts)


async def test_a_turn_whose_engine_was_killed_is_answered_by_the_next_one(bot):
    async with bot:
        await say(bot, "ada")
        await say(bot, "grace")
        os.kill(child(bot), signal.SIGKILL)
        for account in ("ada", "grace"):
            (answer,) = await answered(bot, account, 1)
            question = await bot.store.turns.get(answer.conversation, answer.reply_to)
            assert question.attempts <= 2
    assert bot.metrics.registry.get_sample_value("groundtalk_engine_restarts_total") == 1


async def test_it_is_not_ready_while_the_engine_starts_again(bot):
    async with bot, asked_over_http(bot) as client:
        assert (await client.get("/readyz")).status_code == 200
        os.kill(child(bot), signal.SIGSTOP)
        bot.engine.process._child.kill("was stopped by the test")

        async def noticed() -> bool:
            return (await client.get("/readyz")).status_code == 503

        async def ready() -> bool:
            return not await noticed()

        await eventually(noticed)
        await eventually(ready)


async def test_a_promotion_swaps_processes(bot, tmp_path):
    boxed = await released(bot, tmp_path, "in its box")
    former = child(bot)
    async with bot:
        await say(bot, "ada")
        await Releases(bot.store.database).promote(boxed.id)

        async def swapped() -> bool:
            return bot.watcher.models.name == boxed.id and not is_there(former)

        await eventually(swapped)
        await say(bot, "ada", 2)
        found = await answered(bot, "ada", 2)
    assert [turn.reply_to for turn in found] == [1, 3]
    assert child(bot) != former


async def test_the_loop_is_watched_while_the_bot_runs(bot):
    async with bot:

        async def seen() -> bool:
            return bool(bot.metrics.registry.get_sample_value("groundtalk_loop_lag_seconds_count"))

        await eventually(seen)
