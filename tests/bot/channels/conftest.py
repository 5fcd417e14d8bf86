from collections.abc import AsyncIterator

import pytest

from bot.channels.websocket import WebsocketChannel
from tests.bot.channels.house import VOICE, House, keep_house


@pytest.fixture
async def house(sqlite_url: str) -> AsyncIterator[House]:
    """A bot that is reached over the websocket."""
    async with keep_house(sqlite_url, WebsocketChannel(VOICE)) as running:
        yield running
