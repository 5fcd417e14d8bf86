"""A bot with its web page, and browsers to open it in."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright

from bot.channels.websocket.channel import WebsocketChannel
from tests.bot.channels.bot_fixture import VOICE, BotFixture, bot_fixture

FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

Open = Callable[..., Awaitable[Page]]


@pytest.fixture
async def bot(sqlite_url: str) -> AsyncIterator[BotFixture]:
    async with bot_fixture(sqlite_url, WebsocketChannel(VOICE)) as running:
        yield running


@pytest.fixture
async def http(bot: BotFixture) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=bot.url) as client:
        yield client


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium of this machine, or else the one that playwright has fetched."""
    async with async_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        running = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        await running.close()


@pytest.fixture
async def visit(bot: BotFixture, browser: Browser) -> AsyncIterator[Open]:
    """Opens the page in a browser of its own. No page may log an error or ask another site for anything."""
    complaints: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda sent: complaints.append(sent.url) if bot.url not in sent.url else None)
        page.on(
            "console", lambda message: complaints.append(message.text) if _is_policy(message.text) else None
        )

    async def visit(path: str = "/", **options: Any) -> Page:
        context = await browser.new_context(**{"reduced_motion": "reduce", **options})
        context.on("page", watch)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        await page.goto(bot.url + path)
        return page

    yield visit
    assert not complaints


def _is_policy(text: str) -> bool:
    return "Content Security Policy" in text
