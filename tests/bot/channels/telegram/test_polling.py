"""Polling loses nothing, does nothing twice, and survives whatever Telegram, the network or the store do to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs
from telegram import Update

from bot.channels.telegram.receiving import Poller
from bot.channels.telegram.sending import connect
from dialogue.errors import StoreUnavailable
from tests.bot.channels.telegram.deployed_channel import Deployment, deployed
from tests.botapi import BotApi, Drop, Fault, Flood, Hang, Pass, Person, Refuse

ADA, BOB = Person(11, "Ada"), Person(12, "Bob")


def text(update: Update) -> str:
    assert update.message is not None
    return str(update.message.text)


@asynccontextmanager
async def polling(api: BotApi, take: Callable[[Update], Awaitable[None]]) -> AsyncIterator[None]:
    """`take` gets the updates until the block ends."""
    async with connect(api.token, api.base_url) as bot:
        task = asyncio.create_task(Poller(bot, take, first_pause=0.01).run())
        try:
            yield
        finally:
            task.cancel()


async def test_an_update_is_confirmed_only_after_it_was_taken(api: BotApi) -> None:
    begun, allowed = asyncio.Event(), asyncio.Event()

    async def take(update: Update) -> None:
        begun.set()
        await allowed.wait()

    async with polling(api, take):
        api.inbox.say(ADA, "Hello")
        await begun.wait()
        await asyncio.sleep(0.05)
        assert len(api.inbox.updates) == 1
        allowed.set()
        await api.until(lambda: not api.inbox.updates)


async def test_while_the_store_is_away_updates_wait_in_order(api: BotApi) -> None:
    taken: list[str] = []

    async def take(update: Update) -> None:
        taken.append(text(update))
        if len(taken) < 3:
            raise StoreUnavailable("The disk is full.")

    for word in ("one", "two"):
        api.inbox.say(ADA, word)
    async with polling(api, take):
        await api.until(lambda: not api.inbox.updates)

    assert taken == ["one", "one", "one", "two"]


async def test_one_chat_does_not_wait_for_another(api: BotApi) -> None:
    taken: list[str] = []
    bob_was_heard = asyncio.Event()

    async def take(update: Update) -> None:
        if text(update) == "slow":
            await bob_was_heard.wait()
        else:
            bob_was_heard.set()
        taken.append(text(update))

    api.inbox.say(ADA, "slow")
    api.inbox.say(BOB, "quick")
    async with polling(api, take):
        await api.until(lambda: not api.inbox.updates)

    assert taken == ["quick", "slow"]


async def test_an_update_that_fails_three_times_is_skipped(api: BotApi) -> None:
    taken: list[str] = []

    async def take(update: Update) -> None:
        taken.append(text(update))
        if text(update) == "poison":
            raise ValueError("a fault of ours")

    api.inbox.say(ADA, "poison")
    api.inbox.say(ADA, "next")
    with capture_logs() as logs:
        async with polling(api, take):
            await api.until(lambda: not api.inbox.updates)

    assert taken == ["poison", "poison", "poison", "next"]
    assert [entry["tries"] for entry in logs if entry["event"] == "update_failed"] == [1, 2, 3]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (
            Refuse(409, "Conflict: terminated by other getUpdates request"),
            "Another process uses this bot token",
        ),
        (Refuse(502, "Bad Gateway"), "Bad Gateway"),
        (Refuse(401, "Unauthorized"), "Correct TELEGRAM_BOT_TOKEN"),
        (Drop(done=False), "NetworkError"),
        (Drop(done=True), "NetworkError"),
    ],
)
async def test_errors_are_logged_and_polling_goes_on(
    api: BotApi, sqlite_url: str, fault: Fault, reason: str
) -> None:
    api.fault("getUpdates", fault, fault)
    api.inbox.say(ADA, "Which voltage?")
    with capture_logs() as logs:
        async with deployed(api.base_url, sqlite_url) as bot:
            await api.until(lambda: api.texts(ADA.room))

    assert bot.step.questions == ["Which voltage?"]
    assert len(api.texts(ADA.room)) == 1
    assert any(reason in entry["reason"] for entry in logs if entry["event"] == "polling_failed")
    assert api.token not in str(logs)


async def test_polling_obeys_429(api: BotApi, bot: Deployment) -> None:
    api.fault("getUpdates", Flood(1))
    api.inbox.say(ADA, "Which voltage?")

    await api.until(lambda: api.texts(ADA.room))


async def test_a_bot_started_while_telegram_is_down_comes_up_later(api: BotApi, sqlite_url: str) -> None:
    api.fault("getMe", Refuse(500, "Internal Server Error"), Drop(done=False))
    api.fault("deleteWebhook", Refuse(502, "Bad Gateway"))
    api.fault("setMyCommands", Flood(100))
    api.inbox.say(ADA, "Which voltage?")
    async with deployed(api.base_url, sqlite_url):
        await api.until(lambda: api.texts(ADA.room))


async def test_an_update_that_the_library_cannot_read_is_passed_over(api: BotApi, bot: Deployment) -> None:
    api.inbox.queue({"message": {"message_id": 5, "text": "half a message"}})
    api.inbox.say(ADA, "Which voltage?")

    await api.until(lambda: api.texts(ADA.room) and not api.inbox.updates)

    assert bot.step.questions == ["Which voltage?"]


async def test_what_was_taken_but_not_confirmed_is_not_done_again_after_a_restart(
    api: BotApi, sqlite_url: str
) -> None:
    api.inbox.say(ADA, "Which voltage?")
    api.fault("getUpdates", Pass(), Hang())
    async with deployed(api.base_url, sqlite_url) as first:
        await api.until(lambda: api.texts(ADA.room))
    assert len(api.inbox.updates) == 1
    async with deployed(api.base_url, sqlite_url) as second:
        await api.until(lambda: not api.inbox.updates)
        api.inbox.say(ADA, "And the colour?")
        await api.until(lambda: len(api.texts(ADA.room)) == 2)

    assert first.step.questions + second.step.questions == ["Which voltage?", "And the colour?"]


async def test_messages_of_another_bot_have_other_ids(api: BotApi, sqlite_url: str) -> None:
    """Message ids of private chats are the bot's own: with another token they begin anew."""
    api.inbox.say(ADA, "Which voltage?")
    async with deployed(api.base_url, sqlite_url):
        await api.until(lambda: api.texts(ADA.room))
    async with BotApi() as other:
        other.me["id"] = 654321
        other.inbox.say(ADA, "Which voltage?")
        async with deployed(other.base_url, sqlite_url):
            await other.until(lambda: other.texts(ADA.room))


async def test_a_hanging_telegram_does_not_delay_the_shutdown(api: BotApi, sqlite_url: str) -> None:
    api.fault("getUpdates", Hang())
    async with deployed(api.base_url, sqlite_url):
        await api.until(lambda: api.called("getUpdates"))
        ending = asyncio.get_running_loop().time()

    assert asyncio.get_running_loop().time() - ending < 1
