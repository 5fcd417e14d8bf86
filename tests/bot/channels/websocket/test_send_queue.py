import asyncio

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

from bot.channels.websocket.session import ClientTooSlow, SendQueue


class FakeClient:
    """The far end of a socket; reads only when it is told to."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.reads = asyncio.Event()
        self.socket = WebSocket({"type": "websocket", "headers": []}, self._receive, self._send)
        self.socket.client_state = self.socket.application_state = WebSocketState.CONNECTED

    async def _receive(self) -> Message:
        raise AssertionError("the queue only sends")

    async def _send(self, message: Message) -> None:
        await self.reads.wait()
        self.got.append(message["text"])


async def test_frames_go_out_in_order_as_compact_json() -> None:
    client = FakeClient()
    client.reads.set()
    queue = SendQueue(client.socket, size=10)
    queue.put({"type": "token", "text": "电池"})
    queue.put({"type": "token", "text": "!"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.drain(), 0.05)
    assert client.got == ['{"type":"token","text":"电池"}', '{"type":"token","text":"!"}']


async def test_a_client_that_does_not_read_is_given_up_and_holds_nobody_up() -> None:
    queue = SendQueue(FakeClient().socket, size=3)
    draining = asyncio.create_task(queue.drain())
    await asyncio.sleep(0)
    for n in range(100):
        queue.put({"n": n})
    with pytest.raises(ClientTooSlow):
        await asyncio.wait_for(queue.watch(), 1)
    draining.cancel()


async def test_a_client_that_keeps_up_is_not_given_up() -> None:
    queue = SendQueue(FakeClient().socket, size=3)
    for n in range(3):
        queue.put({"n": n})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.watch(), 0.05)
