"""The channel that `docs/extending.md` shows, run as it stands there."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from bot.channels.base import Channel
from dialogue.conversation import Address, Conversation, OutboxMessage
from dialogue.delivery import Postponed, Undeliverable
from dialogue.store.store import Store
from tests.bot.channels.bot_fixture import ANSWER, BotFixture, bot_fixture
from tests.bot.channels.contract import ChannelContract, Rig
from tests.bot.channels.waiting import eventually

PAGE = Path(__file__).parents[3] / "docs" / "extending.md"
SECRET = "s3cret"
CALLBACK = "https://gateway.example/messages"


@pytest.fixture(scope="module")
def webhook() -> Iterator[ModuleType]:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    module = ModuleType("webhook")
    exec(compile(code, str(PAGE), "exec"), module.__dict__)
    yield module


@dataclass
class Gateway:
    """The other side: keeps what it is posted, or answers with `refusal`."""

    posted: list[dict[str, str]] = field(default_factory=list)
    refusal: httpx.Response | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.refusal is not None:
            return self.refusal
        body: dict[str, Any] = await _json(request)
        self.posted.append(body)
        return httpx.Response(202)


@dataclass
class WebhookRig:
    bot: BotFixture
    gateway: Gateway

    @property
    def channel(self) -> Channel:
        return self.bot.channel

    @property
    def store(self) -> Store:
        return self.bot.store

    async def post(self, external_id: str, text: str, secret: str = SECRET) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.bot.url) as client:
            return await client.post(
                "/webhook/messages",
                json={"id": external_id, "sender": "+49 30 1", "text": text},
                headers={"Authorization": f"Bearer {secret}"},
            )

    async def say(self, external_id: str, text: str) -> Conversation:
        assert (await self.post(external_id, text)).status_code == 202
        conversation = await self.store.conversations.current(Address("webhook", "+49 30 1"))
        assert conversation is not None
        return conversation

    async def shown(self) -> list[str]:
        return [each["text"] for each in self.gateway.posted]


@asynccontextmanager
async def rigged(webhook: ModuleType, url: str) -> AsyncIterator[WebhookRig]:
    gateway = Gateway()
    async with httpx.AsyncClient(transport=httpx.MockTransport(gateway)) as client:
        channel = webhook.WebhookChannel(SECRET, CALLBACK, client)
        async with bot_fixture(url, channel) as bot:
            yield WebhookRig(bot, gateway)


@pytest.fixture
async def rig(webhook: ModuleType, sqlite_url: str) -> AsyncIterator[Rig]:
    async with rigged(webhook, sqlite_url) as running:
        yield running


class TestWebhook(ChannelContract):
    """Everything in it."""


async def test_a_stranger_is_turned_away(rig: WebhookRig) -> None:
    assert (await rig.post("1", "Hello?", secret="guess")).status_code == 401
    assert await rig.store.conversations.current(Address("webhook", "+49 30 1")) is None


async def test_the_answer_comes_with_its_sources(rig: WebhookRig) -> None:
    await rig.say("1", "Until when can I return it?")

    async def answered() -> bool:
        return bool(rig.gateway.posted)

    await eventually(answered)
    (message,) = rig.gateway.posted
    assert message["to"] == "+49 30 1"
    assert message["text"] == f"{ANSWER}\n[1] Returns: returns.md\n[2] Refunds: https://shop.example/refunds"


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        (httpx.Response(429, headers={"Retry-After": "7"}), Postponed),
        (httpx.Response(410), Undeliverable),
        (httpx.Response(500), httpx.HTTPStatusError),
    ],
)
async def test_what_the_gateway_refuses_is_told_to_the_outbox(
    rig: WebhookRig, refusal: httpx.Response, outcome: type[Exception]
) -> None:
    rig.gateway.refusal = refusal
    outgoing = OutboxMessage(1, "c", 2, Address("webhook", "+49 30 1"), {"parts": ["Hello."]}, 1, 0)

    async def report_progress(progress: int) -> None:
        raise AssertionError("nothing arrived")

    with pytest.raises(outcome) as refused:
        await rig.channel.send(outgoing, report_progress)
    if isinstance(refused.value, Postponed):
        assert refused.value.seconds == 7


async def _json(request: httpx.Request) -> Any:
    return httpx.Response(200, content=await request.aread()).json()
