"""Frames on their way out to one websocket.

Knows how many frames may wait, not what they mean. Nothing that sends ever waits for a client.
"""

import asyncio
import json

from starlette.websockets import WebSocket

from bot.channels.frames import ServerFrame


class Lagging(Exception):
    """The client reads so slowly that its queue is full."""


class Line:
    """A bounded queue before one socket."""

    def __init__(self, socket: WebSocket, backlog: int) -> None:
        self._socket = socket
        self._frames: asyncio.Queue[ServerFrame] = asyncio.Queue(backlog)
        self._full = asyncio.Event()

    def send(self, frame: ServerFrame) -> None:
        """Queue a frame. Once the queue is full the client is lost to it, and the rest goes nowhere."""
        if self._frames.full():
            self._full.set()
        if not self._full.is_set():
            self._frames.put_nowait(frame)

    async def drain(self) -> None:
        """Send what is queued, for ever. Raises WebSocketDisconnect when the socket is gone."""
        while True:
            frame = await self._frames.get()
            await self._socket.send_text(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))

    async def watch(self) -> None:
        """Raises Lagging when the client has fallen too far behind."""
        await self._full.wait()
        raise Lagging
