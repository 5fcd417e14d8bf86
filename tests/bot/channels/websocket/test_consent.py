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
async def caller(house: BotFixture) -> AsyncIterator[Client]:
    async with connect_client(house) as connected:
        await connected.hello()
        yield connected


async def agreed(house: BotFixture, caller: Client) -> bool:
    return (await house.store.conversations.get(caller.conversation)).consent


async def test_a_client_says_yes_and_takes_it_back(house: BotFixture, caller: Client) -> None:
    assert not await agreed(house, caller)
    for given in (True, False):
        await caller.send(type="consent", given=given)
        assert await caller.until("consent") == {"type": "consent", "given": given}
        assert await agreed(house, caller) is given


async def test_who_comes_back_is_told_what_they_chose(house: BotFixture, caller: Client) -> None:
    await caller.send(type="consent", given=True)
    await caller.until("consent")
    async with connect_client(house) as again:
        assert (await again.hello(caller.conversation))["consent"] is True


async def test_where_nobody_is_asked_nobody_can_agree(house: BotFixture, caller: Client) -> None:
    house.manager.asks_consent = False
    await caller.send(type="consent", given=True)
    error = await caller.until("error")
    assert (error["code"], error["message"]) == ("not_asked", WORDING.consent_withheld)
    assert not await agreed(house, caller)
    assert (await caller.hello(caller.conversation))["consent"] is None


@pytest.mark.parametrize("given", ["yes", 1, None])
async def test_what_is_no_choice_is_a_bad_frame(house: BotFixture, caller: Client, given: object) -> None:
    await caller.send(type="consent", given=given)
    assert (await caller.until("error"))["code"] == "bad_frame"
    assert not await agreed(house, caller)


async def test_a_person_at_a_terminal_chooses_for_all_that_follows(sqlite_url: str) -> None:
    screen = Console(file=StringIO(), width=200)
    async with bot_fixture(sqlite_url, DirectChannel(CHANNEL)) as house:
        talk = TerminalSession(house.manager, VOICE, screen, "en")
        await talk.consent(True)
        await talk.new()
        current = await house.store.conversations.current(Address(CHANNEL, getuser()))
        assert current is not None
        assert current.consent
        await talk.consent(False)
        assert not (await house.store.conversations.get(current.id)).consent
    shown = screen.file.getvalue()
    assert shown.index(WORDING.consent_given) < shown.index(WORDING.consent_withheld)
