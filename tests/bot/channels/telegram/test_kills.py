"""A bot that is killed at any moment and started again loses no question and answers none twice."""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dialogue.conversation import Address, Role
from dialogue.store.store import Store
from tests.bot.channels.telegram import bot_process
from tests.botapi import BotApi, Person

KILLS = 4
PEOPLE = [Person(11 + number, f"P{number}") for number in range(4)]


@asynccontextmanager
async def polling_process(api: BotApi, url: str) -> AsyncIterator[None]:
    """A bot process that polls; killed when the block ends."""
    api.calls.clear()
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", bot_process.__name__, api.base_url, url
    )
    try:
        await api.until(lambda: running.returncode is not None or api.called("getUpdates"), seconds=60)
        assert running.returncode is None, "the bot did not start"
        yield
        running.kill()
    finally:
        await running.wait()


async def stored(url: str) -> tuple[list[str], list[str]]:
    """Every question and every answer in the store."""
    said: dict[Role, list[str]] = {Role.USER: [], Role.ASSISTANT: []}
    async with await Store.open(url) as store:
        for person in PEOPLE:
            home = await store.conversations.current(Address("telegram", str(person.id)))
            for turn in await store.turns.after(home.id, number=0, limit=1_000) if home else []:
                said[turn.role].append(turn.text)
    return said[Role.USER], said[Role.ASSISTANT]


@pytest.mark.slow
async def test_kills_at_random_moments(api: BotApi, sqlite_url: str) -> None:
    chance = random.Random(7)
    asked: list[str] = []
    for _ in range(KILLS):
        async with polling_process(api, sqlite_url):
            for person in PEOPLE:
                asked.append(f"question {len(asked)}")
                api.inbox.say(person, asked[-1])
            await asyncio.sleep(chance.uniform(0.0, 0.4))
    async with polling_process(api, sqlite_url):
        await api.until(lambda: set(map(question, answers(api))) == set(asked), seconds=60)

    questions, replies = await stored(sqlite_url)
    assert sorted(questions) == sorted(asked)
    assert sorted(map(question, replies)) == sorted(asked)
    again = Counter(map(question, answers(api))) - Counter(asked)
    assert again.total() <= KILLS * len(PEOPLE)


def answers(api: BotApi) -> list[str]:
    return [text for person in PEOPLE for text in api.texts(person.room)]


def question(answer: str) -> str:
    return answer.removeprefix("About ").partition(":")[0]
