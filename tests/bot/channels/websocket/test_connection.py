"""What a client may do wrong without losing its connection."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.rate_limits import Rate
from bot.channels.websocket.channel import WebsocketChannel
from bot.channels.websocket.connection import ConnectionLimits
from dialogue.conversation import Mode
from dialogue.errors import StoreUnavailable
from tests.bot.channels.bot_fixture import VOICE, BotFixture, bot_fixture
from tests.bot.channels.client import Client, connect_client
from tests.bot.channels.websocket.test_protocol import almost_frames, json_values

UNLIMITED = ConnectionLimits(
    frame_characters=8_192,
    text_characters=1_000,
    frames=Rate(burst=1e9, per_second=1e9),
    messages=Rate(burst=1e9, per_second=1e9),
)


@pytest.fixture
async def bot(sqlite_url: str) -> AsyncIterator[BotFixture]:
    async with bot_fixture(sqlite_url, WebsocketChannel(VOICE, limits=UNLIMITED)) as running:
        yield running


@pytest.fixture
async def client(bot: BotFixture) -> AsyncIterator[Client]:
    async with connect_client(bot) as connected:
        await connected.hello()
        yield connected


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b'{"type":"cancel"}', "bad_frame"),
        (b"\x00\xff\xfe", "bad_frame"),
        ("", "bad_frame"),
        ("not json", "bad_frame"),
        ('{"type":"hello","conversation":42}', "bad_frame"),
        ('{"type":"sudo"}', "bad_frame"),
        ('{"type":"message","id":"1","text":"\\u0000"}', "bad_frame"),
        ('{"type":"message","id":"1","text":"\\udc00"}', "bad_frame"),
        ("[" * 4_000, "bad_frame"),
        ('{"a":' * 600, "bad_frame"),
        (json.dumps({"type": "message", "id": "1", "text": "x" * 1_000_000}), "too_large"),
        (json.dumps({"type": "message", "id": "1", "text": "x" * 1_001}), "too_long"),
    ],
)
async def test_a_frame_that_cannot_be_used_is_an_error_and_the_connection_lives(
    client: Client, frame: str | bytes, code: str
) -> None:
    await client.socket.send(frame)
    error = await client.next()
    assert (error["type"], error["code"], error["turn"]) == ("error", code, None)
    assert error["message"]
    await client.ask("Until when can I return it?", "m1")


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(max_size=200)
        | st.binary(max_size=200)
        | almost_frames.map(json.dumps)
        | json_values.map(json.dumps),
        max_size=5,
    )
)
async def test_no_frames_kill_the_connection(client: Client, frames: list[str | bytes]) -> None:
    for frame in frames:
        await client.socket.send(frame)
    await client.hello()


async def test_a_closed_conversation_takes_no_message(bot: BotFixture, client: Client) -> None:
    await bot.store.conversations.set_mode(client.conversation, Mode.CLOSED)
    await client.send(type="message", id="m1", text="Hello?")
    refused = await client.next()
    assert (refused["code"], refused["id"]) == ("closed", "m1")


async def test_a_store_that_fails_is_an_apology_and_the_message_can_be_sent_again(
    bot: BotFixture, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: Any) -> None:
        raise StoreUnavailable("The disk is full. Free some space.")

    with monkeypatch.context() as broken:
        broken.setattr(bot.store.turns, "accept", unavailable)
        await client.send(type="message", id="m1", text="Until when can I return it?")
        refused = await client.next()
    assert (refused["code"], refused["id"]) == ("unavailable", "m1")
    assert refused["message"] == VOICE.wording("en").failure
    await client.ask("Until when can I return it?", "m1")


async def test_errors_are_in_the_language_of_the_browser(bot: BotFixture) -> None:
    async with connect_client(bot, additional_headers={"Accept-Language": "zh-CN,en;q=0.5"}) as client:
        await client.hello()
        await client.send(type="message", id="m1", text="长" * 1_001)
        assert (await client.next())["message"] == VOICE.wording("zh").too_long
    assert (await bot.store.conversations.get(client.conversation)).language == "zh-CN"
