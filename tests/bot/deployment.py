"""A whole bot for the tests around it: real parts on a small folder of documents; only the weights are missing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bot.app import build_app
from bot.settings import PACKAGE, Settings
from bot.voice import load_voice
from bot.wiring import Bot, assemble, channels_of
from dialogue.store import Store
from retrieval.collection import Collection
from tests.bot.channels.house import Speaker
from tests.retrieval.fakes import HashingEncoder

RETURNS = "# Returns\n\nYou may return it within 30 days of delivery, in its box.\n"
TOKEN = "the operators' token"


def settings_in(folder: Path, url: str, **given: Any) -> Settings:
    """Settings that nothing outside the test has a say in."""
    knowledge = folder / "knowledge"
    knowledge.mkdir(exist_ok=True)
    (knowledge / "returns.md").write_text(RETURNS)
    fixed = {
        "data_dir": folder / "data",
        "database_url": url,
        "knowledge_dir": knowledge,
        "operator_token": TOKEN,
    }
    return Settings(_env_file=None, **(fixed | given))


@asynccontextmanager
async def deployed(folder: Path, url: str, **given: Any) -> AsyncIterator[Bot]:
    """A loaded bot that is not running; documents are not read yet."""
    settings = settings_in(folder, url, **given)
    voice = load_voice(PACKAGE / "voice.toml")
    collection = Collection(settings.data_dir / "index", HashingEncoder())
    store = await Store.open(url)
    bot = assemble(settings, voice, store, collection, Speaker(), tuple(channels_of(settings, voice)))
    try:
        yield bot
    finally:
        await bot.close()


@asynccontextmanager
async def asked_over_http(bot: Bot, token: str | None = TOKEN) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the bot's application, without a server between them."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    transport = httpx.ASGITransport(build_app(bot))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot", headers=headers) as client:
        yield client
