from collections.abc import AsyncIterator

import pytest

from bot.channels.websocket.channel import WebsocketChannel
from tests.bot.channels.bot_fixture import VOICE, BotFixture, bot_fixture


@pytest.fixture
async def bot(sqlite_url: str) -> AsyncIterator[BotFixture]:
    """A bot that is reached over the websocket."""
    async with bot_fixture(sqlite_url, WebsocketChannel(VOICE)) as running:
        yield running
