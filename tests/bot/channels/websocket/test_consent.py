"""People say over a websocket and at a terminal whether the bot may learn from them, and may take it back."""

from collections.abc import AsyncIterator
from getpass import getuser
from io import StringIO

import pytest
from rich.console import Console

from bot.channels.base import DirectChannel
from bot.channels.terminal import CHANNEL, TerminalSession
from dialogue.conversation import Address
from tests.bot.channels.bot_fixture import VOICE, BotFixture, bot_fixture
from tests.bot.channels.client import Client, connect_client

WORDING = VOICE.wording("en")


@pytest.fixture
async def client(bot: BotFixture) -> AsyncIterator[Client]:
    async with connect_client(bot) as connected:
        await connected.hello()
        yield connected


async def agreed(bot: BotFixture, client: Client) -> bool:
    return (await bot.store.conversations.get(client.conversation)).consent


async def test_a_client_says_yes_and_takes_it_back(bot: BotFixture, client: Client) -> None:
    assert not await agreed(bot, client)
    for given in (True, False):
        await client.send(type="consent", given=given)
        assert await client.until("consent") == {"type": "consent", "given": given}
        assert await agreed(bot, client) is given


async def test_a_returning_client_gets_its_choice(bot: BotFixture, client: Client) -> None:
    await client.send(type="consent", given=True)
    await client.until("consent")
    async with connect_client(bot) as again:
        assert (await again.hello(client.conversation))["consent"] is True


async def test_where_nobody_is_asked_nobody_can_agree(bot: BotFixture, client: Client) -> None:
    bot.manager.asks_consent = False
    await client.send(type="consent", given=True)
    error = await client.until("error")
    assert (error["code"], error["message"]) == ("not_asked", WORDING.consent_withheld)
    assert not await agreed(bot, client)
    assert (await client.hello(client.conversation))["consent"] is None


@pytest.mark.parametrize("given", ["yes", 1, None])
async def test_what_is_no_choice_is_a_bad_frame(bot: BotFixture, client: Client, given: object) -> None:
    await client.send(type="consent", given=given)
    assert (await client.until("error"))["code"] == "bad_frame"
    assert not await agreed(bot, client)


async def test_a_person_at_a_terminal_chooses_for_all_that_follows(sqlite_url: str) -> None:
    screen = Console(file=StringIO(), width=200)
    async with bot_fixture(sqlite_url, DirectChannel(CHANNEL)) as bot:
        talk = TerminalSession(bot.manager, VOICE, screen, "en")
        await talk.consent(True)
        await talk.new()
        current = await bot.store.conversations.current(Address(CHANNEL, getuser()))
        assert current is not None
        assert current.consent
        await talk.consent(False)
        assert not (await bot.store.conversations.get(current.id)).consent
    shown = screen.file.getvalue()
    assert shown.index(WORDING.consent_given) < shown.index(WORDING.consent_withheld)
