"""Builds a bot from the settings, starts it and stops it. The only place where all parts are wired together.

A new channel is one line in `channels_of`. What only some deployments use is imported where it is chosen.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from langchain_core.language_models import BaseChatModel

from bot.advice import explain_choice
from bot.channels.base import Channel, DirectChannel
from bot.channels.rate_limits import Rate
from bot.channels.terminal import CHANNEL as TERMINAL
from bot.channels.websocket.channel import WebsocketChannel
from bot.channels.websocket.connection import ConnectionLimits
from bot.configuration import configure
from bot.documents import refresh_documents
from bot.errors import NoCollection
from bot.ingest_child import IngestJob
from bot.ingest_process import IngestProcess, until_searchable
from bot.ingest_status import IngestMonitor
from bot.loop_lag import watch_loop_lag
from bot.metrics import EngineMonitor, Metrics
from bot.models.active import PromotionWatcher, load_active_models
from bot.models.download import Hub
from bot.models.engines import fetch_weights
from bot.models.loader import model_loader
from bot.models.provided import ProvidedModels
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
from finetune.forgetting import Eraser, ErasureReport
from finetune.migrations import upgrade
from finetune.release import TASKS
from finetune.releases import PinnedReleases, Releases
from retrieval.collection import Collection
from retrieval.ingest import IngestReport, Progress

PYTHON = "python"
"""The channel of `Bot`. Any process can answer what was asked there."""

Forget = Callable[[str, str | None, str | None], Awaitable[ErasureReport]]
"""Erases a person: takes a channel, an account and an author."""

log = structlog.get_logger(__name__)


def channels_of(settings: Settings, voice: Voice) -> Iterator[Channel]:
    """The channels of this deployment."""
    yield DirectChannel(TERMINAL)
    yield DirectChannel(PYTHON)
    yield _websocket(settings, voice)
    if settings.telegram_bot_token.get_secret_value():
        yield _telegram(settings, voice)


def _websocket(settings: Settings, voice: Voice) -> WebsocketChannel:
    tokens = [token.get_secret_value() for token in settings.websocket_tokens]
    limits = ConnectionLimits(text_characters=settings.message_characters, messages=_message_rate(settings))
    return WebsocketChannel(voice, tokens, settings.allowed_origins, limits)


def _telegram(settings: Settings, voice: Voice) -> Channel:
    from bot.channels.telegram import MessageLimits, TelegramChannel, Webhook, connect

    bot = connect(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_base_url)
    secret = settings.telegram_webhook_secret.get_secret_value()
    webhook = Webhook(settings.telegram_webhook_url, secret) if settings.telegram_webhook_url else None
    limits = MessageLimits(settings.message_characters, _message_rate(settings))
    return TelegramChannel(bot, voice, webhook, limits)


def _message_rate(settings: Settings) -> Rate:
    return Rate(burst=20, per_second=settings.messages_per_minute / 60)


@dataclass
class Runtime:
    """All parts of one process. `async with` runs them: channels receive, turns are answered, answers delivered."""

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
    forget: Forget
    """Erases a person (I7)."""
    monitor: IngestMonitor
    """How far the ingest is that runs here."""
    ingest_process: IngestProcess | None = None
    """Reads documents in a process of its own; None: they are read in a thread of this one."""
    shutdown_grace: float = 10.0
    """Seconds that current answers get to finish, and then deliveries; the rest waits for the next start."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _dispatcher_tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def collection(self) -> Collection:
        """The documents that are searched now. Raises NoCollection if the caller provided the retriever."""
        if self.watcher.models.collection is None:
            raise NoCollection
        return self.watcher.models.collection

    @property
    def engine(self) -> BaseChatModel:
        """The model that answers now."""
        return self.watcher.models.engines[0]

    async def __aenter__(self) -> Self:
        self.start()
        self.run_channels(self.channels)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def start(self) -> None:
        """Answer what is waiting on any channel, and follow promotions."""
        self._tasks += [
            supervise("manager", self.manager.run),
            supervise("promotion watcher", self.watcher.run),
            supervise("loop lag", lambda: watch_loop_lag(self.metrics.observe_lag)),
        ]

    async def ingest(self, path: Path, allow_removal: bool = False) -> IngestReport:
        """Bring the documents up to date with `path`. Raises IngestFailed, IngestRunning, NoCollection."""
        collection = self.collection
        if self.ingest_process is not None:
            return await self.ingest_process.run(
                IngestJob(self.settings, path, allow_removal), collection.folder
            )
        try:
            return await asyncio.to_thread(collection.ingest, path, self.monitor, allow_removal=allow_removal)
        finally:
            self.monitor.end()

    def run_channels(self, channels: Iterable[Channel]) -> None:
        """Receive messages on these channels, and send the answers of their outboxes."""
        for channel in channels:
            dispatcher = self.dispatchers[channel.channel]
            self._dispatcher_tasks.append(supervise("outbox dispatcher", dispatcher.run))
            self._tasks.append(self._run_channel(channel))

    async def numbers(self) -> bytes:
        """The metrics in Prometheus' text format."""
        self.metrics.show_promotion(self.watcher.models.active.number, self.watcher.newest)
        return self.metrics.expose(await self.store.operators.backlog(), self.manager.queued)

    def _run_channel(self, channel: Channel) -> asyncio.Task[None]:
        return supervise(channel.channel, lambda: channel.run(self.manager))

    async def close(self) -> None:
        """Finish the current answers, deliver them, and release everything.

        Channels run until the end, because some of them send over the connections that they receive on. Messages that
        they accept meanwhile are answered after the next start.
        """
        if self.ingest_process is not None:
            await self.ingest_process.close()
        await self.manager.close(self.shutdown_grace)
        for dispatcher in self.dispatchers.values():
            dispatcher.close()
        if self._dispatcher_tasks:
            await asyncio.wait(self._dispatcher_tasks, timeout=self.shutdown_grace)
        await _end([*self._dispatcher_tasks, *self._tasks])
        await self.manager.close(0)
        await self.watcher.models.close()
        await self.store.close()


async def open_runtime(
    settings: Settings,
    progress: Progress,
    senders: tuple[Channel, ...] = (),
    pinned: PinnedReleases | None = None,
    arrange_steps: ArrangeSteps | None = None,
    provided: ProvidedModels | None = None,
    *,
    answer_early: bool = False,
) -> Runtime:
    """Load everything without running it: look at the machine, fetch weights, migrate the database, read documents.

    senders: channels of the caller's own, in addition to those of the settings. pinned: the releases to use instead of
    the live ones. arrange_steps: makes the list of steps, instead of STEPS_FILE. provided: models of the caller's own.
    answer_early: return once the documents can be found by their keywords; another process embeds them meanwhile.
    Raises the packages' errors.
    """
    provided = provided or ProvidedModels()
    settings = await asyncio.to_thread(configured, settings, provided)
    voice = load_voice(settings.voice_file)
    channels = (*channels_of(settings, voice), *senders)
    weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
    await asyncio.to_thread(fetch_weights, settings, weights, provided)
    await upgrade(settings.database)
    store = await Store.open(settings.database, consent=settings.training_consent == "given")
    watch = EngineMonitor(metrics := Metrics())
    releases = pinned or Releases(store.database)
    steps = arrange_steps or load_steps(settings.steps_file)
    loader = model_loader(settings, voice, releases, weights, watch, steps, provided)
    monitor = IngestMonitor(progress)
    process = IngestProcess(monitor) if answer_early and not provided.does("retrieve") else None
    ingest = process.begin(IngestJob(settings), settings.data_dir) if process else None
    models = await load_active_models(releases, loader, store.turns)
    if ingest is not None and models.collection is not None:
        await until_searchable(models.collection, ingest)
    else:
        await asyncio.to_thread(refresh_documents, settings, models.collection, monitor)
        monitor.end()
    watcher = PromotionWatcher(releases, loader, store.turns, models)
    return assemble(settings, voice, store, watcher, channels, metrics, watch, monitor, process)


def configured(settings: Settings, provided: ProvidedModels) -> Settings:
    """The settings as this machine runs them; the log says what was chosen."""
    configuration = configure(settings, [task for task in TASKS if provided.does(task)])
    for sentence in explain_choice(configuration):
        log.info(sentence)
    return configuration.settings


def assemble(
    settings: Settings,
    voice: Voice,
    store: Store,
    watcher: PromotionWatcher,
    channels: tuple[Channel, ...],
    metrics: Metrics,
    watch: EngineMonitor,
    monitor: IngestMonitor | None = None,
    ingest_process: IngestProcess | None = None,
) -> Runtime:
    """Wire loaded parts together. The names of `channels` must be different.

    monitor: of ingests; ingest_process: runs them, if they are not to run in this process.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{id(store):x}"
    events = EventBus()
    senders = {channel.channel: channel for channel in channels}
    dispatchers = {name: OutboxDispatcher(store.outbox, sender, owner) for name, sender in senders.items()}
    worker = Worker(
        store,
        watcher.slot,
        senders,
        events,
        owner=owner,
        timeouts=Timeouts(silence=settings.answer_silence),
        observe=metrics.observe,
        wake=lambda channel: dispatchers[channel].wake(),
    )
    asks = settings.training_consent != "never"
    forget = forget_answers_too(Eraser(store, settings.datasets, settings.reports), watcher)
    store.feedback.on_rated_down = lambda query: watcher.models.answers.remove(query)
    manager = Manager(store, worker, events, forget=forget, asks_consent=asks)
    if ingest_process is not None:
        ingest_process.busy = lambda: manager.busy
    monitor = monitor or IngestMonitor()
    return Runtime(
        settings,
        voice,
        store,
        watcher,
        manager,
        channels,
        dispatchers,
        metrics,
        watch,
        forget,
        monitor,
        ingest_process,
    )


def forget_answers_too(eraser: Eraser, watcher: PromotionWatcher) -> Forget:
    """Erases a person as `eraser` does, and empties the cache of answers: a query may hold their words."""

    async def forget(channel: str, account: str | None = None, author: str | None = None) -> ErasureReport:
        report = await eraser.forget(channel, account, author)
        watcher.models.answers.clear()
        return report

    return forget


def supervise(
    name: str, work: Callable[[], Awaitable[None]], *, first_pause: float = 1.0, longest_pause: float = 60.0
) -> asyncio.Task[None]:
    """Run `work` until it returns. If it raises, it is started again after a pause (seconds), doubled each time."""

    async def keep_running() -> None:
        pause = first_pause
        while True:
            try:
                return await work()
            except Exception:
                log.exception("task_failed", task=name, restart_in_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(longest_pause, 2 * pause)

    return asyncio.create_task(keep_running(), name=name)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
