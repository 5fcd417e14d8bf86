"""A Bot API server and a bot that polls it, for every test of the channel that asks."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.channels.telegram.deployed_channel import Deployment, deployed
from tests.botapi import BotApi


@pytest.fixture(autouse=True)
def timedeltas(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's future way to say how long to wait; its present way warns."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as server:
        yield server


@pytest.fixture
async def bot(api: BotApi, sqlite_url: str) -> AsyncIterator[Deployment]:
    """Polls `api`, over an empty store."""
    async with deployed(api.base_url, sqlite_url) as running:
        yield running
