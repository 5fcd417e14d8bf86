"""Builds one bot out of the settings, starts it and stops it. The only place where the parts meet.

A new channel is one line in `channels_of`.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog
from langchain_core.language_models import BaseChatModel

from bot.channels.base import Channel, DirectChannel
from bot.channels.rate_limits import Rate
from bot.channels.telegram import MessageLimits, TelegramChannel, Webhook, connect
from bot.channels.terminal import CHANNEL as TERMINAL
from bot.channels.websocket.channel import WebsocketChannel
from bot.channels.websocket.connection import ConnectionLimits
from bot.documents import refresh_documents
from bot.metrics import EngineMonitor, Metrics
from bot.models.active import PromotionWatcher, load_active_models
from bot.models.download import Hub
from bot.models.engines import fetch_weights
from bot.models.loader import model_loader
from bot.models.weights import Weights
from bot.settings import Settings
from bot.steps import load_steps
from bot.voice import load_voice
from dialogue.delivery import OutboxDispatcher
from dialogue.events import EventBus
from dialogue.manager import Manager
from dialogue.steps import ArrangeSteps
from dialogue.store.store import Store
from dialogue.voice import Voice
from dialogue.worker import Timeouts, Worker
from finetune.forgetting import Eraser
from finetune.migrations import upgrade
from finetune.releases import PinnedReleases, Releases
from retrieval.collection import Collection
from retrieval.ingest import Progress

log = structlog.get_logger(__name__)

SHUTDOWN_GRACE = 10.0
"""Seconds that answers in progress have at the end, and then deliveries; the rest is done after the next start."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a part that fell over is started again; each time doubles the pause."""


def channels_of(settings: Settings, voice: Voice) -> Iterator[Channel]:
    """Every channel that this deployment answers on."""
    yield DirectChannel(TERMINAL)
    yield _websocket(settings, voice)
    if settings.telegram_bot_token.get_secret_value():
        yield _telegram(settings, voice)


def _websocket(settings: Settings, voice: Voice) -> WebsocketChannel:
    tokens = [token.get_secret_value() for token in settings.websocket_tokens]
    limits = ConnectionLimits(text_characters=settings.message_characters, messages=_message_rate(settings))
    return WebsocketChannel(voice, tokens, settings.allowed_origins, limits)


def _telegram(settings: Settings, voice: Voice) -> TelegramChannel:
    bot = connect(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_base_url)
    secret = settings.telegram_webhook_secret.get_secret_value()
    webhook = Webhook(settings.telegram_webhook_url, secret) if settings.telegram_webhook_url else None
    limits = MessageLimits(settings.message_characters, _message_rate(settings))
    return TelegramChannel(bot, voice, webhook, limits)


def _message_rate(settings: Settings) -> Rate:
    return Rate(burst=20, per_second=settings.messages_per_minute / 60)


@dataclass
class Runtime:
    """All parts of one process. `async with` runs it: people are heard, waiting turns answered and delivered."""

    settings: Settings
    voice: Voice
    store: Store
    watcher: PromotionWatcher
    manager: Manager
    channels: tuple[Channel, ...]
    dispatchers: Mapping[str, OutboxDispatcher]
    """By channel."""
    metrics: Metrics
    watch: EngineMonitor
    _hearing: list[asyncio.Task[None]] = field(default_factory=list)
    _delivering: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def collection(self) -> Collection:
        """What is searched now."""
        return self.watcher.models.collection

    @property
    def engine(self) -> BaseChatModel:
        """What answers now."""
        return self.watcher.models.engines[0]

    async def __aenter__(self) -> Self:
        self._delivering = [_supervised("relay", dispatcher.run) for dispatcher in self.dispatchers.values()]
        own = [_supervised("sweep", self.manager.run), _supervised("switch", self.watcher.run)]
        self._hearing = [*own, *map(self._heard, self.channels)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def numbers(self) -> bytes:
        """What Prometheus reads."""
        self.metrics.show_promotion(self.watcher.models.active.number, self.watcher.newest)
        return self.metrics.expose(await self.store.operators.backlog(), self.manager.queued)

    def _heard(self, channel: Channel) -> asyncio.Task[None]:
        return _supervised(channel.channel, lambda: channel.run(self.manager))

    async def close(self) -> None:
        """Finish the answers in progress, deliver them, and let go of everything.

        Channels listen to the last, for some of them deliver through what they listen on; what they still take
        in is answered after the next start.
        """
        await self.manager.close(SHUTDOWN_GRACE)
        for dispatcher in self.dispatchers.values():
            dispatcher.close()
        if self._delivering:
            await asyncio.wait(self._delivering, timeout=SHUTDOWN_GRACE)
        await _end([*self._delivering, *self._hearing])
        await self.manager.close(0)
        await self.watcher.models.close()
        await self.store.close()


async def open_runtime(
    settings: Settings,
    progress: Progress,
    senders: tuple[Channel, ...] = (),
    pinned: PinnedReleases | None = None,
    arrange_steps: ArrangeSteps | None = None,
) -> Runtime:
    """Everything loaded and nothing running yet: database migrated, weights fetched, documents read.

    senders: channels of the caller's own, beside those of the settings. pinned: the releases that answer in place of
    the live ones. arrange_steps: makes the list of steps, in place of STEPS_FILE. Raises the packages' errors.
    """
    voice = load_voice(settings.voice_file)
    channels = (*channels_of(settings, voice), *senders)
    weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
    await asyncio.to_thread(fetch_weights, settings, weights)
    await upgrade(settings.database)
    store = await Store.open(settings.database, consent=settings.training_consent == "given")
    watch = EngineMonitor(metrics := Metrics())
    releases = pinned or Releases(store.database)
    steps = arrange_steps or load_steps(settings.steps_file)
    loader = model_loader(settings, voice, releases, weights, watch, steps)
    models = await load_active_models(releases, loader, store.turns)
    await asyncio.to_thread(refresh_documents, settings, models.collection, progress)
    watcher = PromotionWatcher(releases, loader, store.turns, models)
    return assemble(settings, voice, store, watcher, channels, metrics, watch)


def assemble(
    settings: Settings,
    voice: Voice,
    store: Store,
    watcher: PromotionWatcher,
    channels: tuple[Channel, ...],
    metrics: Metrics,
    watch: EngineMonitor,
) -> Runtime:
    """The bot out of loaded parts; it reaches people on `channels`, which must not share a name."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{id(store):x}"
    bus = EventBus()
    senders = {channel.channel: channel for channel in channels}
    dispatchers = {name: OutboxDispatcher(store.outbox, sender, owner) for name, sender in senders.items()}
    worker = Worker(
        store,
        watcher.slot,
        senders,
        bus,
        owner=owner,
        timeouts=Timeouts(silence=settings.answer_silence),
        observe=metrics.observe,
        wake=lambda channel: dispatchers[channel].wake(),
    )
    asks = settings.training_consent != "never"
    forget = Eraser(store, settings.datasets, settings.reports).forget
    manager = Manager(store, worker, bus, forget=forget, asks_consent=asks)
    return Runtime(settings, voice, store, watcher, manager, channels, dispatchers, metrics, watch)


def _supervised(name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """Runs `work` until it returns; if it falls over, it is started again after a pause."""

    async def keep() -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                return await work()
            except Exception:
                log.exception("fell_over", part=name, again_in_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 2 * pause)

    return asyncio.create_task(keep(), name=name)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
