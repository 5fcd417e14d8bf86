"""A whole bot for tests: the real parts on a small folder of documents, with fake models."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bot.assembly import Runtime, assemble, channels_of
from bot.http.app import build_app
from bot.metrics import EngineMonitor, Metrics
from bot.models.active import PromotionWatcher, load_active_models
from bot.models.download import Hub
from bot.models.engines import Close, Load, SharedEngines
from bot.models.loader import ModelLoader, RetrieverLoader
from bot.models.weights import Weights
from bot.settings import GENERATOR, PACKAGE, Settings
from bot.steps import load_steps
from bot.voice import load_voice
from dialogue.store.store import Store
from finetune.releases import Releases
from retrieval.encoders.loading import Encoder
from tests.bot.channels.bot_fixture import FakeChatModel
from tests.retrieval.fakes import HashingEncoder

RETURNS = "# Returns\n\nYou may return it within 30 days of delivery, in its box.\n"
TOKEN = "the operators' token"


def settings_in(folder: Path, url: str, **given: Any) -> Settings:
    """Settings that do not depend on the environment."""
    knowledge = folder / "knowledge"
    knowledge.mkdir(exist_ok=True)
    (knowledge / "returns.md").write_text(RETURNS)
    fixed = {
        "data_dir": folder / "data",
        "database_url": url,
        "knowledge_dir": knowledge,
        "operator_token": TOKEN,
    }
    given = {"rewriter": given.get("generator", GENERATOR)} | given  # not the shipped adapter
    return Settings(_env_file=None, **(fixed | given))


class HashingRetrieverLoader(RetrieverLoader):
    """An encoder without weights: it hashes words."""

    def _own_encoder(self) -> Encoder:
        return HashingEncoder()


@asynccontextmanager
async def deployed(
    folder: Path,
    url: str,
    load: Load = lambda model: FakeChatModel(),
    close: Close = lambda engine: None,
    **given: Any,
) -> AsyncIterator[Runtime]:
    """A loaded bot that is not running, without documents yet. `load` makes its engines, `close` ends them."""
    settings = settings_in(folder, url, **given)
    voice = load_voice(PACKAGE / "voice.toml")
    store = await Store.open(url)
    watch = EngineMonitor(metrics := Metrics())
    releases = Releases(store.database)
    weights = Weights(settings.weights_dir, Hub("http://127.0.0.1:9"))
    engines, retrievers = SharedEngines(load, close, watch), HashingRetrieverLoader(settings, weights)
    steps = load_steps(settings.steps_file)
    loader = ModelLoader(settings, voice, releases, engines, retrievers, steps)
    models = await load_active_models(releases, loader, store.turns)
    watcher = PromotionWatcher(releases, loader, store.turns, models, poll=0.02)
    bot = assemble(settings, voice, store, watcher, tuple(channels_of(settings, voice)), metrics, watch)
    try:
        yield bot
    finally:
        await bot.close()


@asynccontextmanager
async def asked_over_http(bot: Runtime, token: str | None = TOKEN) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the bot's application, without a server in between."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    transport = httpx.ASGITransport(build_app(bot))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot", headers=headers) as client:
        yield client
