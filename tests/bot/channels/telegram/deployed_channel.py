"""A running bot for the tests: real channel, manager, store and dispatcher; only the step that answers is a fake."""

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
from dialogue.conversation import Answer, Citation
from dialogue.delivery import OutboxDispatcher
from dialogue.events import EventBus
from dialogue.manager import Manager
from dialogue.responder import Responder, ResponderSlot
from dialogue.steps import TurnContext
from dialogue.store.store import Store
from dialogue.worker import Timeouts, Worker
from tests.botapi import BotApi

VOICE = load_voice(PACKAGE / "voice.toml")
OWNER = str(os.getpid())
SOURCE = Citation(1, "chunk-1", "Charger manual", "charger.md", "The charger takes 230 volts.")


@dataclass
class FakeStep:
    """Answers "About QUESTION: it takes 230 volts [1]." word by word, `pause` seconds between two words."""

    text: str = "About {question}: it takes **230 volts** [1]."
    pause: float = 0.0
    questions: list[str] = field(default_factory=list)
    before: list[list[str]] = field(default_factory=list)
    """What each attempt saw of the conversation."""

    async def run(self, turn: TurnContext) -> Answer:
        self.questions.append(turn.text)
        self.before.append([said.text for said in turn.history])
        turn.rewritten(turn.text)
        text = self.text.format(question=turn.text)
        for word in text.split(" "):
            turn.stream(word + " ")
            await asyncio.sleep(self.pause)
        return turn.answer(text, citations=[SOURCE])


@dataclass(frozen=True, slots=True)
class Deployment:
    channel: TelegramChannel
    manager: Manager
    store: Store
    step: FakeStep


def fast_limits() -> SendLimits:
    """Telegram's limits a hundred times faster."""
    return SendLimits(
        SendIntervals(SendInterval(0.01), SendInterval(0.04, burst=5), SendInterval(0.0004, burst=5))
    )


@asynccontextmanager
async def deployed(
    base_url: str,
    url: str,
    step: FakeStep | None = None,
    *,
    webhook: Webhook | None = None,
    limits: SendLimits | None = None,
    read_seconds: float = 5.0,
) -> AsyncIterator[Deployment]:
    """The bot runs until the block ends; then it stops as the real one does."""
    step = step or FakeStep()
    async with await Store.open(url) as store:
        bot = connect(BotApi.token, base_url, read_seconds)
        channel = TelegramChannel(bot, VOICE, webhook, limits=limits or fast_limits(), first_pause=0.02)
        dispatcher = OutboxDispatcher(store.outbox, channel, OWNER, lease=5.0, poll=0.02)
        manager = _manager(store, step, channel, dispatcher)
        async with _running(manager, dispatcher, channel):
            yield Deployment(channel, manager, store, step)


def _manager(store: Store, step: FakeStep, channel: TelegramChannel, dispatcher: OutboxDispatcher) -> Manager:
    bus = EventBus()
    worker = Worker(
        store,
        ResponderSlot(Responder(store.turns, [step], VOICE, release="fake")),
        {channel.channel: channel},
        bus,
        owner=OWNER,
        timeouts=Timeouts(lease=1.0),
        wake=lambda _: dispatcher.wake(),
    )
    return Manager(store, worker, bus)


@asynccontextmanager
async def _running(
    manager: Manager, dispatcher: OutboxDispatcher, channel: TelegramChannel
) -> AsyncIterator[None]:
    delivering = asyncio.create_task(dispatcher.run())
    receiving = [asyncio.create_task(part) for part in (manager.run(), channel.run(manager))]
    try:
        yield
    finally:
        await manager.close(grace=0.2)
        dispatcher.close()
        await asyncio.wait([delivering], timeout=2)
        for task in (delivering, *receiving):
            task.cancel()
        await asyncio.gather(delivering, *receiving, return_exceptions=True)
