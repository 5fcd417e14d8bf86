"""The channel contract for Telegram: polling, in a private chat, with a whole bot behind it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.channels.base import Channel
from bot.channels.telegram import TelegramChannel, connect
from dialogue.conversation import Address, Conversation
from dialogue.store.store import Store
from tests.bot.channels.bot_fixture import VOICE, bot_fixture
from tests.bot.channels.contract import ChannelContract
from tests.bot.channels.telegram.deployed_channel import fast_limits
from tests.botapi import BotApi, Person
from tests.botapi.people import Json

ADA = Person(11, "Ada")


@dataclass
class TelegramRig:
    """Ada and the bot."""

    channel: Channel
    store: Store
    api: BotApi
    sent: dict[str, Json] = field(default_factory=dict)
    """Messages by the contract's names for them."""

    async def say(self, external_id: str, text: str) -> Conversation:
        """Ada sends a message, or Telegram delivers it once more under a new update."""
        if external_id in self.sent:
            self.api.inbox.queue({"message": self.sent[external_id]})
        else:
            self.sent[external_id] = self.api.inbox.say(ADA, text)
        await self.api.until(lambda: not self.api.inbox.updates)
        conversation = await self.store.conversations.current(Address("telegram", str(ADA.id)))
        assert conversation is not None
        return conversation

    async def shown(self) -> list[str]:
        return self.api.texts(ADA.room)


class TestTelegram(ChannelContract):
    @pytest.fixture
    async def rig(self, api: BotApi, sqlite_url: str) -> AsyncIterator[TelegramRig]:
        channel = TelegramChannel(connect(api.token, api.base_url), VOICE, limits=fast_limits())
        async with bot_fixture(sqlite_url, channel) as bot:
            yield TelegramRig(channel, bot.store, api)
