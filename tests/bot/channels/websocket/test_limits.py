"""Who may connect, how much a client may send, and how connections end."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot.channels.rate_limits import Rate
from bot.channels.websocket.channel import WebsocketChannel
from bot.channels.websocket.connection import ConnectionLimits
from dialogue.events import Token
from tests.bot.channels.bot_fixture import VOICE, BotFixture, bot_fixture
from tests.bot.channels.client import connect_client


async def test_a_server_that_shuts_down_says_so(bot: BotFixture) -> None:
    async with connect_client(bot) as client:
        await client.hello()
        await bot.close()
        with pytest.raises(ConnectionClosed) as closed:
            await client.next()
        await bot.open()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


@pytest.mark.slow
async def test_a_client_that_does_not_read_is_disconnected_and_the_others_go_on(sqlite_url: str) -> None:
    channel = WebsocketChannel(VOICE, limits=ConnectionLimits(queued_frames=40, close_timeout=60))
    async with bot_fixture(sqlite_url, channel) as bot, connect_client(bot) as reader:
        await reader.hello()
        async with connect_client(bot, max_queue=1) as slow_client:
            await slow_client.hello(reader.conversation)
            for _ in range(400):
                bot.events.publish(str(reader.conversation), Token(1, "x" * 40_000))
                await asyncio.sleep(0.002)
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await slow_client.next()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


async def test_tokens_are_asked_for_when_they_are_set(sqlite_url: str) -> None:
    async with bot_fixture(sqlite_url, WebsocketChannel(VOICE, tokens=["s3cret"])) as bot:
        async with connect_client(bot) as unauthenticated:
            with pytest.raises(ConnectionClosed) as closed:
                await unauthenticated.hello()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        async with connect_client(bot, additional_headers={"Authorization": "Bearer s3cret"}) as program:
            await program.hello()
        async with connect_client(bot, subprotocols=["groundtalk", "token.s3cret"]) as browser:
            await browser.hello()
            assert browser.socket.subprotocol == "groundtalk"


async def test_a_page_of_another_site_is_turned_away(bot: BotFixture) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect_client(bot, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    async with connect_client(bot, origin=bot.url) as client:
        await client.hello()


async def test_messages_are_limited_by_conversation(sqlite_url: str) -> None:
    channel = WebsocketChannel(VOICE, limits=ConnectionLimits(messages=Rate(burst=2, per_second=0)))
    async with (
        bot_fixture(sqlite_url, channel) as bot,
        connect_client(bot) as one,
        connect_client(bot) as other,
    ):
        await one.hello()
        await other.hello(one.conversation)
        await one.say("One?", "m1")
        await other.say("Two?", "m2")
        await other.send(type="message", id="m3", text="Three?")
        refused = await other.until("error")
        assert (refused["code"], refused["id"]) == ("too_fast", "m3")
        assert refused["message"] == VOICE.wording("en").too_fast
        await one.hello()
        await one.say("Each conversation has its own limit.", "m1")


async def test_frames_are_limited_too(sqlite_url: str) -> None:
    channel = WebsocketChannel(VOICE, limits=ConnectionLimits(frames=Rate(burst=3, per_second=0)))
    async with bot_fixture(sqlite_url, channel) as bot, connect_client(bot) as client:
        for _ in range(5):
            await client.send(type="cancel")
        codes = [frame["code"] for frame in await client.silence()]
        assert codes == ["hello_first"] * 3 + ["too_fast"] * 2
