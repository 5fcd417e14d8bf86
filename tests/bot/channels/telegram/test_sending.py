"""What Telegram's refusals mean for the sender, in words that may be logged."""

from datetime import timedelta

import pytest
from telegram.error import InvalidToken, RetryAfter, TimedOut
from telegram.warnings import PTBDeprecationWarning

from bot.channels.telegram.sending import connect, describe, retry_seconds, send_text
from bot.channels.telegram.updates import ChatThread
from tests.botapi import BotApi, Person

ADA = Person(11, "Ada")


def test_how_long_to_wait_is_read_as_the_library_will_say_it() -> None:
    assert retry_seconds(RetryAfter(timedelta(seconds=7))) == 7.0


def test_how_long_to_wait_is_read_as_the_library_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PTB_TIMEDELTA")
    with pytest.warns(PTBDeprecationWarning):
        assert retry_seconds(RetryAfter(7)) == 7.0


async def test_a_refused_token_is_explained_without_the_token(api: BotApi) -> None:
    bot = connect("654321:secret", api.base_url)
    with pytest.raises(InvalidToken) as refusal:
        await bot.initialize()
    await bot.shutdown()

    assert describe(refusal.value) == "Telegram does not know this bot token. Correct TELEGRAM_BOT_TOKEN."
    assert describe(TimedOut()) == "TimedOut: Timed out"


async def test_a_reply_to_what_is_gone_is_sent_all_the_same(api: BotApi) -> None:
    api.inbox.say(ADA, "Hello")
    async with connect(api.token, api.base_url) as bot:
        message = await send_text(bot, ChatThread(ADA.id), {"text": "Hi", "entities": []}, reply_to=999)

    assert [shown["message_id"] for shown in api.shown(ADA.room)] == [message]
