"""Who may connect, how fast, and what happens when either side cannot go on."""

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot.channels.rate_limits import Rate
from bot.channels.websocket.channel import WebsocketChannel
from bot.channels.websocket.connection import ConnectionLimits
from tests.bot.channels.bot_fixture import VOICE, BotFixture, bot_fixture
from tests.bot.channels.client import connect_client


async def test_a_server_that_shuts_down_says_so(house: BotFixture) -> None:
    async with connect_client(house) as caller:
        await caller.hello()
        await house.shut()
        with pytest.raises(ConnectionClosed) as closed:
            await caller.next()
        await house.open()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


@pytest.mark.slow
async def test_a_client_that_does_not_read_is_cut_off_and_the_others_go_on(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.websocket.connection.CLOSE_TIMEOUT", 60)
    channel = WebsocketChannel(VOICE, limits=ConnectionLimits(backlog=40))
    async with bot_fixture(sqlite_url, channel) as house, connect_client(house) as reader:
        house.speaker.text = " ".join(["x" * 40_000 + " [1]."] * 200)
        house.speaker.pause = 0.002
        await reader.hello()
        async with connect_client(house, max_queue=1) as sleeper:
            await sleeper.hello(reader.conversation)
            await reader.ask("Until when can I return it?", "m1")
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await sleeper.next()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


async def test_tokens_are_asked_for_when_they_are_set(sqlite_url: str) -> None:
    async with bot_fixture(sqlite_url, WebsocketChannel(VOICE, tokens=["s3cret"])) as house:
        async with connect_client(house) as stranger:
            with pytest.raises(ConnectionClosed) as closed:
                await stranger.hello()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        async with connect_client(house, additional_headers={"Authorization": "Bearer s3cret"}) as program:
            await program.hello()
        async with connect_client(house, subprotocols=["groundtalk", "token.s3cret"]) as browser:
            await browser.hello()
            assert browser.socket.subprotocol == "groundtalk"


async def test_a_page_of_another_site_is_turned_away(house: BotFixture) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect_client(house, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    async with connect_client(house, origin=house.url) as caller:
        await caller.hello()


async def test_who_is_too_fast_is_told_so(sqlite_url: str) -> None:
    channel = WebsocketChannel(VOICE, limits=ConnectionLimits(messages=Rate(burst=2, per_second=0)))
    async with (
        bot_fixture(sqlite_url, channel) as house,
        connect_client(house) as one,
        connect_client(house) as other,
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
        await one.say("A conversation has its own pace.", "m1")


async def test_frames_have_a_pace_too(sqlite_url: str) -> None:
    channel = WebsocketChannel(VOICE, limits=ConnectionLimits(frames=Rate(burst=3, per_second=0)))
    async with bot_fixture(sqlite_url, channel) as house, connect_client(house) as caller:
        for _ in range(5):
            await caller.send(type="cancel")
        codes = [frame["code"] for frame in await caller.silence()]
        assert codes == ["hello_first"] * 3 + ["too_fast"] * 2
