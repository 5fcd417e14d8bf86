"""The webhook: who may post, what is answered, and that 200 means stored."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from telegram import Update

from bot.channels.telegram.receiving import HEADER, PATH, Webhook, webhook_router
from bot.errors import SettingsError
from dialogue.conversation import Address
from dialogue.errors import StoreUnavailable
from tests.bot.channels.telegram.deployed_channel import Deployment, deployed
from tests.botapi import BotApi, Person, Refuse

ADA = Person(11, "Ada")
URL = f"http://bot.example{PATH}"
SECRET = "correct-horse_battery"
UPDATE = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 11, "type": "private"}}}


def client(*routers: Any) -> httpx.AsyncClient:
    app = FastAPI()
    for router in routers:
        app.include_router(router)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot.example")


@pytest.fixture
async def posted(api: BotApi, sqlite_url: str) -> AsyncIterator[tuple[Deployment, httpx.AsyncClient]]:
    """A bot that gets its updates by webhook, and the way to it."""
    async with deployed(api.base_url, sqlite_url, webhook=Webhook(URL, SECRET)) as bot:
        await api.until(lambda: api.webhook["url"])
        async with client(bot.channel.router(bot.manager)) as way:
            yield bot, way


async def test_an_update_is_stored_before_the_200(
    api: BotApi, posted: tuple[Deployment, httpx.AsyncClient]
) -> None:
    bot, way = posted
    api.inbox.say(ADA, "Which voltage?")

    assert await api.push(way) == 200
    home = await bot.store.conversations.current(Address("telegram", "11"))
    assert home is not None
    assert [turn.text for turn in await bot.store.turns.after(home.id, number=0, limit=1)] == [
        "Which voltage?"
    ]
    await api.until(lambda: api.texts(ADA.room))


async def test_an_update_that_is_posted_again_is_answered_once(
    api: BotApi, posted: tuple[Deployment, httpx.AsyncClient]
) -> None:
    bot, way = posted
    api.inbox.say(ADA, "Which voltage?")
    again = api.inbox.updates[0]

    assert await api.push(way) == 200
    api.inbox.updates.append(again)
    assert await api.push(way) == 200
    api.inbox.say(ADA, "And the colour?")
    assert await api.push(way) == 200
    await api.until(lambda: len(api.texts(ADA.room)) == 2)

    assert bot.step.questions == ["Which voltage?", "And the colour?"]


async def test_the_webhook_is_registered_with_its_secret(
    api: BotApi, posted: tuple[Deployment, httpx.AsyncClient]
) -> None:
    assert api.webhook["secret_token"] == SECRET
    assert api.webhook["allowed_updates"] == ["message", "edited_message", "callback_query"]
    assert not api.webhook.get("drop_pending_updates")


@pytest.mark.parametrize("secret", [None, "", "correct-horse_batterx", "密码"])
async def test_without_the_secret_nothing_is_read(secret: str | None) -> None:
    taken: list[Update] = []
    headers = {} if secret is None else {HEADER.encode(): secret.encode()}

    async def take(update: Update) -> None:
        taken.append(update)

    async with client(webhook_router(SECRET, take)) as way:
        response = await way.post(PATH, json=UPDATE, headers=headers)

    assert (response.status_code, taken) == (403, [])


@pytest.mark.parametrize("error", [StoreUnavailable("The disk is full."), TimeoutError()])
async def test_503_asks_telegram_to_post_it_again(error: Exception) -> None:
    async def take(update: Update) -> None:
        raise error

    async with client(webhook_router(SECRET, take)) as way:
        response = await way.post(PATH, json=UPDATE, headers={HEADER: SECRET})

    assert response.status_code == 503


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no json", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'"text"', 400),
        (b'{"update_id": 7, "message": {}}', 200),
    ],
)
async def test_what_is_no_update_is_refused_and_an_illegible_one_passed_over(
    body: bytes, status: int
) -> None:
    taken: list[int] = []

    async def take(update: Update) -> None:
        taken.append(update.update_id)

    async with client(webhook_router(SECRET, take)) as way:
        response = await way.post(PATH, content=body, headers={HEADER: SECRET})

    assert (response.status_code, taken) == (status, [7] if status == 200 else [])


async def test_before_the_bot_knows_itself_telegram_has_to_wait(api: BotApi, sqlite_url: str) -> None:
    api.fault("getMe", *[Refuse(502, "Bad Gateway")] * 1_000)
    async with (
        deployed(api.base_url, sqlite_url, webhook=Webhook(URL, SECRET)) as bot,
        client(bot.channel.router(bot.manager)) as way,
    ):
        response = await way.post(PATH, json=UPDATE, headers={HEADER: SECRET})

    assert response.status_code == 503


async def test_polling_after_a_webhook_keeps_what_waits(api: BotApi, sqlite_url: str) -> None:
    api.webhook = {"url": URL, "secret_token": SECRET}
    api.inbox.say(ADA, "Which voltage?")
    async with deployed(api.base_url, sqlite_url):
        await api.until(lambda: api.texts(ADA.room))


async def test_polling_has_no_route(bot: Deployment) -> None:
    async with client(bot.channel.router(bot.manager)) as way:
        assert (await way.post(PATH, json=UPDATE)).status_code == 404


@pytest.mark.parametrize("secret", ["", "with space", "ä", "x" * 257])
def test_a_webhook_needs_a_secret_that_telegram_takes(secret: str) -> None:
    with pytest.raises(SettingsError, match="TELEGRAM_WEBHOOK_SECRET"):
        Webhook(URL, secret)


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(Webhook(URL, SECRET))
