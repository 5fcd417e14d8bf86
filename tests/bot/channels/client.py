"""A program that talks to the bot over a real websocket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.bot.channels.bot_fixture import BotFixture
from tests.bot.channels.waiting import TIMEOUT

Frame = dict[str, Any]


class Client:
    """One connection. Frames that a test does not wait for are kept in `frames`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self.conversation = ""

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def next(self) -> Frame:
        frame: Frame = json.loads(await asyncio.wait_for(self.socket.recv(), TIMEOUT))
        self.frames.append(frame)
        return frame

    async def until(self, kind: str) -> Frame:
        """The next frame of this type."""
        while (frame := await self.next())["type"] != kind:
            pass
        return frame

    async def hello(self, conversation: str | None = None, after: int = 0) -> Frame:
        await self.send(type="hello", conversation=conversation, after=after)
        ready = await self.until("ready")
        self.conversation = ready["conversation"]
        return ready

    async def say(self, text: str, message_id: str) -> Frame:
        await self.send(type="message", id=message_id, text=text)
        return await self.until("accepted")

    async def ask(self, text: str, message_id: str) -> Frame:
        await self.say(text, message_id)
        return await self.until("answer")

    async def silence(self, seconds: float = 0.2) -> list[Frame]:
        """Every frame that comes until nothing has come for `seconds`."""
        received: list[Frame] = []
        while True:
            try:
                received.append(json.loads(await asyncio.wait_for(self.socket.recv(), seconds)))
            except TimeoutError:
                return received


@asynccontextmanager
async def connect_client(bot: BotFixture, **options: Any) -> AsyncIterator[Client]:
    address = bot.url.replace("http", "ws") + "/ws"
    options = {"max_queue": None, "max_size": None, "compression": None, **options}
    async with connect(address, **options) as socket:
        yield Client(socket)
