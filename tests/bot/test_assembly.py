"""A bot from its parts: it answers pending turns, restarts tasks that fail, and shuts down without losing a turn."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot import assembly
from bot.errors import SettingsError
from bot.models.provided import ProvidedModels
from bot.settings import PACKAGE, REWRITER, load_settings
from bot.voice import load_voice
from dialogue.conversation import Address, Role, Turn, Utterance
from finetune.datasets.dataset import SourceTurns, TimeWindow
from finetune.datasets.storage import DatasetDirectory, DatasetWriter
from finetune.examples import RewritingExample
from tests.bot.channels.waiting import eventually
from tests.bot.deployed_bot import deployed, settings_in

ADA = Address("websocket", "ada")


@pytest.fixture
async def bot(tmp_path, sqlite_url):
    async with deployed(tmp_path, sqlite_url) as loaded:
        loaded.collection.ingest(loaded.settings.knowledge_dir)
        yield loaded


async def ask(bot, text: str) -> Turn:
    return (await bot.store.turns.accept(Utterance(ADA, text, text))).turn


async def answers(bot, conversation: str) -> list[Turn]:
    turns = await bot.store.turns.after(conversation, 0, 100)
    return [turn for turn in turns if turn.role is Role.ASSISTANT]


async def test_what_waited_before_the_start_is_answered_after_it(bot):
    turn = await ask(bot, "May I return it within 30 days?")
    async with bot:

        async def answered() -> bool:
            return bool(await answers(bot, turn.conversation))

        await eventually(answered)
        numbers = (await bot.numbers()).decode()
    assert 'groundtalk_turns_total{outcome="failed"} 0.0' in numbers


async def test_an_answer_in_progress_is_finished_before_the_end(bot, sqlite_url, tmp_path):
    bot.engine.waiting.clear()
    turn = await ask(bot, "May I return it within 30 days?")
    async with bot:
        await bot.manager.receive(Utterance(ADA, turn.text, turn.text))
        await asyncio.sleep(0.1)
        bot.engine.waiting.set()
    async with deployed(tmp_path, sqlite_url) as again:
        (answer,) = await answers(again, turn.conversation)
    assert answer.text.startswith("You may return it within 30 days")


async def test_what_could_not_be_finished_in_time_waits_for_the_next_start(bot, sqlite_url, tmp_path):
    bot.shutdown_grace = 0.1
    bot.engine.waiting.clear()
    turn = await ask(bot, "May I return it within 30 days?")
    async with bot:
        await bot.manager.receive(Utterance(ADA, turn.text, turn.text))
        await asyncio.sleep(0.1)
    async with deployed(tmp_path, sqlite_url) as again:
        assert await again.store.claims.unclaimed(10) == [turn.conversation]
        assert await answers(again, turn.conversation) == []


def test_the_log_says_in_sentences_what_was_chosen(tmp_path, monkeypatch):
    monkeypatch.delenv("GENERATOR", raising=False)
    settings = load_settings(profile="small", data_dir=tmp_path)
    with capture_logs() as logged:
        configured = assembly.configured(settings, ProvidedModels())
    assert configured.generator == REWRITER
    assert logged[0]["event"].startswith("Profile small (PROFILE=small)")


async def test_a_task_that_fails_is_started_again():
    runs = 0

    async def unreliable() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise ConnectionError("connection reset")

    await assembly.supervise("unreliable", unreliable, first_pause=0.0)
    assert runs == 3


@pytest.mark.parametrize(
    ("token", "names"),
    [("", ["terminal", "python", "websocket"]), ("1:a", ["terminal", "python", "websocket", "telegram"])],
)
def test_channels_are_those_of_the_settings(tmp_path, token, names):
    settings = settings_in(tmp_path, "sqlite:///x", telegram_bot_token=token)
    channels = assembly.channels_of(settings, load_voice(PACKAGE / "voice.toml"))
    assert [channel.channel for channel in channels] == names


def test_a_webhook_without_a_secret_is_refused(tmp_path):
    settings = settings_in(
        tmp_path, "sqlite:///x", telegram_bot_token="1:a", telegram_webhook_url="https://bot.example"
    )
    with pytest.raises(SettingsError, match="TELEGRAM_WEBHOOK_SECRET"):
        list(assembly.channels_of(settings, load_voice(PACKAGE / "voice.toml")))


async def test_who_forgets_on_a_channel_leaves_the_datasets(bot):
    turn = await ask(bot, "May I return my zebra?")
    DatasetDirectory(bot.settings.datasets)
    with DatasetWriter(bot.settings.datasets) as writer:
        learnt = RewritingExample(id="log:ada:2", history=(), question="And it?", rewrite=turn.text)
        writer.add("rewriting", learnt, [SourceTurns(conversation=turn.conversation, turns=(1,))])
        dataset = writer.publish(filters={}, log=TimeWindow())
    await bot.manager.forget(ADA.channel, ADA.account)
    assert not dataset.folder.exists()


@pytest.mark.parametrize(("policy", "asks"), [("ask", True), ("given", True), ("never", False)])
async def test_people_are_asked_for_consent_unless_never(tmp_path, sqlite_url, policy, asks):
    async with deployed(tmp_path, sqlite_url, training_consent=policy) as bot:
        assert bot.manager.asks_consent is asks


async def answered(bot, text: str) -> Turn:
    """The answer to a question that is asked now."""
    turn = await ask(bot, text)

    async def there() -> bool:
        return any(answer.reply_to == turn.number for answer in await answers(bot, turn.conversation))

    await eventually(there)
    return (await answers(bot, turn.conversation))[-1]


async def test_an_answer_leaves_the_cache_when_it_is_rated_down_or_someone_is_forgotten(bot):
    cache = bot.watcher.models.answers
    async with bot:
        answer = await answered(bot, "May I return it within 30 days?")
        assert len(cache) == 1
        await bot.store.feedback.rate(answer.conversation, answer.number, "ada", "down")
        assert len(cache) == 0
        await answered(bot, "May I return my order within 30 days?")
        assert len(cache) == 1
        await bot.manager.forget(ADA.channel, ADA.account)
        assert len(cache) == 0
