"""A promotion reaches running processes: between two turns, without losing one, and only if it can be loaded."""

import asyncio
from functools import partial
from typing import Any

import pytest
from langchain_core.outputs import ChatResult
from structlog.testing import capture_logs

from bot.settings import Settings
from dialogue.conversation import Address, Role, Turn, Utterance
from dialogue.events import Answered
from finetune.releases import Releases
from tests.bot.channels.bot_fixture import FakeChatModel
from tests.bot.channels.waiting import eventually
from tests.bot.deployed_bot import asked_over_http, deployed
from tests.bot.fake_releases import ANSWERS, fake_chat_model, released

QUESTION = "May I return it?"
BASE = f"base:{Settings.model_fields['generator'].default}"


class Silent(FakeChatModel):
    async def _agenerate(self, *_: Any, **__: Any) -> ChatResult:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture(autouse=True)
def _quiet():
    with capture_logs():
        yield


@pytest.fixture
def closed():
    """The engines that were closed, in that order."""
    return []


@pytest.fixture
async def bot(tmp_path, sqlite_url, closed):
    async with deployed(tmp_path, sqlite_url, fake_chat_model, closed.append) as loaded:
        loaded.collection.ingest(loaded.settings.knowledge_dir)
        yield loaded


@pytest.fixture
def releases(bot):
    return Releases(bot.store.database)


async def say(bot, account: str, number: int = 1) -> str:
    """Ask once more; the conversation's id."""
    words = Utterance(Address("terminal", account), str(number), QUESTION)
    return (await bot.manager.receive(words)).conversation.id


async def answers(bot, conversation: str, count: int = 1) -> list[Turn]:
    """The answers of a conversation, once there are so many."""

    async def found() -> list[Turn]:
        turns = await bot.store.turns.after(conversation, 0, 1_000)
        return [turn for turn in turns if turn.role is Role.ASSISTANT]

    async def enough() -> bool:
        return len(await found()) >= count

    await eventually(enough)
    return await found()


async def on_duty(bot, name: str) -> None:
    async def there() -> bool:
        return bot.watcher.models.name == name

    await eventually(there)


async def test_a_promotion_takes_effect_and_a_rollback_too(bot, releases, tmp_path):
    boxed = await released(bot, tmp_path, "in its box")
    async with bot:
        conversation = await say(bot, "ada")
        await answers(bot, conversation)
        await releases.promote(boxed.id)
        await on_duty(bot, boxed.id)
        await say(bot, "ada", 2)
        await answers(bot, conversation, 2)
        await releases.rollback()
        await on_duty(bot, BASE)
        await say(bot, "ada", 3)
        first, second, third = await answers(bot, conversation, 3)

    assert [turn.release for turn in (first, second, third)] == [BASE, boxed.id, BASE]
    assert (first.text, second.text) == (ANSWERS[""], ANSWERS["in its box"])
    assert third.text == first.text


async def test_who_began_an_answer_ends_it_and_is_closed_only_then(bot, releases, tmp_path, closed):
    boxed = await released(bot, tmp_path, "in its box")
    former = bot.engine
    former.waiting.clear()
    async with bot:
        begun = await say(bot, "ada")
        await asyncio.sleep(0.1)
        await releases.promote(boxed.id)
        await on_duty(bot, boxed.id)
        (later,) = await answers(bot, await say(bot, "newcomer"))
        assert closed == []
        former.waiting.set()
        (earlier,) = await answers(bot, begun)

        async def gone() -> bool:
            return closed == [former]

        await eventually(gone)

    assert (earlier.release, earlier.text) == (BASE, ANSWERS[""])
    assert (later.release, later.text) == (boxed.id, ANSWERS["in its box"])


async def test_what_cannot_be_loaded_changes_nothing_and_is_reported(bot, releases, tmp_path, closed):
    broken = await released(bot, tmp_path, "nonsense")
    async with bot, asked_over_http(bot) as client:
        await releases.promote(broken.id)

        async def noticed() -> bool:
            return bool(bot.watcher.trouble)

        await eventually(noticed)
        (answer,) = await answers(bot, await say(bot, "ada"))
        ready = await client.get("/readyz")
        numbers = (await client.get("/metrics")).text
        assert closed == []

    assert answer.release == BASE
    assert ready.status_code == 200
    assert "promotion 1 cannot be loaded: The weights are broken" in ready.json()["release"]["reason"]
    assert 'groundtalk_promotion{which="here"} 0.0' in numbers
    assert 'groundtalk_promotion{which="newest"} 1.0' in numbers


async def test_an_engine_that_says_nothing_is_not_activated(tmp_path, sqlite_url, closed):
    def load(model):
        return Silent() if model.adapter else fake_chat_model(model)

    async with deployed(tmp_path, sqlite_url, load, closed.append) as bot:
        bot.watcher.first_word_timeout = 0.05
        boxed = await released(bot, tmp_path, "in its box")
        await Releases(bot.store.database).promote(boxed.id)
        await bot.watcher.look()
        assert bot.watcher.models.name == BASE
        assert f"The engine of {boxed.id} was silent" in bot.watcher.trouble
        assert len(closed) == 1


async def test_models_that_failed_are_not_tried_at_every_look(bot, releases, tmp_path, monkeypatch):
    tries = []
    monkeypatch.setattr(bot.watcher._loader, "load", lambda *_: tries.append(1))
    await releases.promote((await released(bot, tmp_path, "nonsense")).id)
    for _ in range(3):
        await bot.watcher.look()
    assert len(tries) == 1
    bot.watcher.retry_after = 0.0
    await bot.watcher.look()
    assert len(tries) == 2


async def test_after_a_restart_the_live_release_answers(bot, releases, tmp_path, sqlite_url):
    boxed = await released(bot, tmp_path, "in its box")
    await releases.promote(boxed.id)
    async with deployed(tmp_path, sqlite_url, fake_chat_model) as again, again:
        (answer,) = await answers(again, await say(again, "ada"))
    assert answer.release == boxed.id


async def test_a_start_with_a_broken_release_falls_back_to_the_default(bot, releases, tmp_path, sqlite_url):
    await releases.promote((await released(bot, tmp_path, "nonsense")).id)
    async with deployed(tmp_path, sqlite_url, fake_chat_model) as again, again:
        (answer,) = await answers(again, await say(again, "ada"))
    assert answer.release == BASE


async def test_a_release_for_one_task_leaves_the_other_as_it_was(bot, releases, tmp_path, closed):
    rewriting = await released(bot, tmp_path, "in its box", "rewrite")
    answering = bot.engine
    await releases.promote(rewriting.id)
    await bot.watcher.look()
    assert bot.watcher.models.name == f"{BASE} rewrite:{rewriting.id}"
    assert bot.engine is answering
    assert closed == []
    await releases.rollback()
    await bot.watcher.look()
    assert [engine.text for engine in closed] == [ANSWERS["in its box"]]


async def test_two_replicas_switch_while_twenty_people_talk(bot, releases, tmp_path, sqlite_url):
    boxed = await released(bot, tmp_path, "in its box")
    (tmp_path / "replica").mkdir()
    async with deployed(tmp_path / "replica", sqlite_url, fake_chat_model) as replica, bot, replica:
        replica.collection.ingest(replica.settings.knowledge_dir)
        leading = asyncio.create_task(_lead(releases, boxed.id))
        people = [_talk((bot, replica)[n % 2], f"person {n}", leading) for n in range(20)]
        asked = await asyncio.gather(*people)
        homes = [await bot.store.conversations.current(Address("terminal", f"person {n}")) for n in range(20)]
        turns = [await bot.store.turns.after(home.id, 0, 1_000) for home in homes]

    answered = [[turn for turn in conversation if turn.role is Role.ASSISTANT] for conversation in turns]
    assert [len(conversation) for conversation in answered] == asked, "nothing dropped, nothing doubled"
    assert {(turn.release, turn.text) for conversation in answered for turn in conversation} == {
        (BASE, ANSWERS[""]),
        (boxed.id, ANSWERS["in its box"]),
    }


async def _talk(bot, account: str, leading: asyncio.Task) -> int:
    """Question and answer in turn until all promotions are through; how many questions."""
    asked = 0
    while not leading.done():
        asked += 1
        words = Utterance(Address("terminal", account), str(asked), QUESTION)
        events = [event async for event in bot.manager.converse(words)]
        assert isinstance(events[-1], Answered)
    return asked


async def _lead(releases, release: str) -> None:
    """Promotes and rolls back, twice."""
    for change in (partial(releases.promote, release), releases.rollback) * 2:
        await asyncio.sleep(0.3)
        await change()
    await asyncio.sleep(0.3)
