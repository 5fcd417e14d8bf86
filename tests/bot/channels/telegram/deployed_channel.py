"""A running bot for the tests: the real channel, manager, store and relay; only who answers is made up."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.limits import SendInterval, SendIntervals, SendLimits
from bot.channels.telegram.receiving import Webhook
from bot.channels.telegram.sending import connect
from bot.settings import PACKAGE
from bot.voice import load_voice
from dialogue.conversation import Answer, Citation, Conversation, Turn
from dialogue.delivery import OutboxDispatcher
from dialogue.events import EventBus
from dialogue.manager import Manager
from dialogue.responder import AnswerInProgress, Responder, ResponderSlot
from dialogue.store.store import Store
from dialogue.worker import Timeouts, Worker
from tests.botapi import BotApi

VOICE = load_voice(PACKAGE / "voice.toml")
OWNER = str(os.getpid())
SOURCE = Citation(1, "chunk-1", "Charger manual", "charger.md", "The charger takes 230 volts.")


@dataclass
class FakeResponder(Responder):
    """Answers "About QUESTION: it takes 230 volts [1]." word by word, `pause` seconds between two words."""

    text: str = "About {question}: it takes **230 volts** [1]."
    pause: float = 0.0
    heard: list[str] = field(default_factory=list)

    async def respond(self, conversation: Conversation, turn: Turn, draft: AnswerInProgress) -> Answer:
        self.heard.append(turn.text)
        text = self.text.format(question=turn.text)
        draft.rewritten(turn, turn.text)
        for word in text.split(" "):
            draft.said(turn, word + " ")
            await asyncio.sleep(self.pause)
        return Answer(text, turn.text, citations=(SOURCE,), language=turn.language or "en", release="oracle")

    def apology(self, conversation: Conversation, turn: Turn) -> Answer:
        return Answer(VOICE.wording("en").failure, turn.text, failed=True)

    def excuse(self, conversation: Conversation, turn: Turn) -> str:
        return VOICE.wording("en").retrying


@dataclass(frozen=True, slots=True)
class Deployment:
    channel: TelegramChannel
    manager: Manager
    store: Store
    oracle: FakeResponder


def quick() -> SendLimits:
    """Telegram's limits a hundred times faster."""
    return SendLimits(
        SendIntervals(SendInterval(0.01), SendInterval(0.04, burst=5), SendInterval(0.0004, burst=5))
    )


@asynccontextmanager
async def deployed(
    base_url: str,
    url: str,
    oracle: FakeResponder | None = None,
    *,
    webhook: Webhook | None = None,
    limits: SendLimits | None = None,
    read_seconds: float = 5.0,
) -> AsyncIterator[Deployment]:
    """The bot runs until the block ends; then it stops as the real one does."""
    oracle = oracle or FakeResponder()
    async with await Store.open(url) as store:
        bot = connect(BotApi.token, base_url, read_seconds)
        channel = TelegramChannel(bot, VOICE, webhook, limits=limits or quick(), first_wait=0.02)
        relay = OutboxDispatcher(store, channel, OWNER, lease=5.0, poll=0.02)
        manager = _manager(store, oracle, channel, relay)
        async with _running(manager, relay, channel):
            yield Deployment(channel, manager, store, oracle)


def _manager(
    store: Store, oracle: FakeResponder, channel: TelegramChannel, relay: OutboxDispatcher
) -> Manager:
    broadcast = EventBus()
    worker = Worker(
        store,
        ResponderSlot(oracle),
        {channel.channel: channel},
        broadcast,
        owner=OWNER,
        patience=Timeouts(lease=1.0),
        wake=lambda _: relay.wake(),
    )
    return Manager(store, worker, broadcast)


@asynccontextmanager
async def _running(
    manager: Manager, relay: OutboxDispatcher, channel: TelegramChannel
) -> AsyncIterator[None]:
    delivering = asyncio.create_task(relay.run())
    hearing = [asyncio.create_task(part) for part in (manager.run(), channel.run(manager))]
    try:
        yield
    finally:
        await manager.close(grace=0.2)
        relay.close()
        await asyncio.wait([delivering], timeout=2)
        for task in (delivering, *hearing):
            task.cancel()
        await asyncio.gather(delivering, *hearing, return_exceptions=True)
