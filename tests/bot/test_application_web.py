"""`Bot` on the web: served by itself, and inside an application that knows nothing of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import connect

from bot.application import Bot
from bot.errors import NotOpen
from bot.http.server import bind
from tests.bot.channels.waiting import eventually
from tests.bot.test_application import QUESTION, SAID, given

__all__ = ["given"]


def foreign_app(**given: Any) -> FastAPI:
    """An application with a route and a lifespan of its own."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        app.state.began = True
        yield {"greeting": "good day"}
        app.state.ended = True

    app = FastAPI(lifespan=given.get("lifespan", lifespan))

    @app.get("/own")
    async def own() -> str:
        return "mine"

    return app


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application under a real server; its address."""
    listener = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="websockets-sansio"))
    running = asyncio.create_task(server.serve(sockets=[listener]))

    async def started() -> bool:
        return server.started

    await eventually(started)
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running


async def talk(url: str) -> str:
    """One question over the websocket below `url`; the text of the answer."""
    async with connect(f"{url.replace('http', 'ws')}/ws") as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1}))
        await socket.send(json.dumps({"type": "message", "id": "1", "text": QUESTION}))
        async for frame in socket:
            if (said := json.loads(frame))["type"] == "answer":
                return str(said["text"])
    raise AssertionError("no answer came")


@pytest.mark.parametrize("path", ["", "/support"])
async def test_mounted_before_the_start_it_opens_with_the_application(given, path):
    app, bot = foreign_app(), Bot.open(**given)
    bot.mount(app, path)
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        assert app.state.began
        assert (await client.get("/own")).json() == "mine"
        assert "<title>" in (await client.get(f"{path}/")).text
        assert (await client.get(f"{path}/readyz")).json()["ready"]
        assert await talk(f"{url}{path}") == SAID
    assert app.state.ended
    with pytest.raises(NotOpen):
        await bot.history("ada")


async def test_mounted_in_the_lifespan_of_the_application(given):
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with Bot.open(**given) as bot:
            bot.mount(app, "/support")
            app.state.bot = bot
            yield

    app = foreign_app(lifespan=lifespan)

    @app.get("/ask")
    async def ask(question: str) -> str:
        return (await app.state.bot.ask("ada", question)).text

    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/ask", params={"question": QUESTION})).json() == SAID
        assert await talk(f"{url}/support") == SAID


async def test_it_serves_until_it_is_stopped(given, unused_tcp_port):
    async with Bot.open(**given) as bot:
        serving = asyncio.create_task(bot.serve("127.0.0.1", unused_tcp_port))
        url = f"http://127.0.0.1:{unused_tcp_port}"

        async def ready() -> bool:
            with suppress(httpx.ConnectError):
                async with httpx.AsyncClient(base_url=url) as client:
                    return (await client.get("/readyz")).is_success
            return False

        await eventually(ready)
        assert await talk(url) == SAID
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        assert (await bot.ask("ada", QUESTION)).text == SAID
