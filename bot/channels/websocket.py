"""The websocket channel: protocol 1 for the web chat and for any other client (`docs/websocket.md`).

Opens the door, knows who is present in which conversation, and hands them answers from the outbox. An answer
for which nobody is present waits in the store: the client reads it when it says hello again.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from fastapi import APIRouter
from starlette.websockets import WebSocket

from bot.channels import frames
from bot.channels.attendance import Attendance, attend
from bot.channels.base import Channel
from bot.channels.door import Door, subprotocol
from bot.channels.line import Line
from bot.channels.pace import Paces
from bot.channels.visitor import CHANNEL, Guest, Limits, Visitor
from dialogue.conversation import Answer, Conversation, Parcel, Turn
from dialogue.errors import DialogueError
from dialogue.manager import Manager
from dialogue.outbox import Arrived, Postponed
from dialogue.voice import Voice

POLICY_VIOLATION = 1008
HEARTBEAT = 20.0
"""Seconds between two looks at the store for turns that another process wrote."""
LONGEST_WAIT = 3600.0

log = structlog.get_logger(__name__)


class WebsocketChannel(Channel):
    """Everyone who is connected to this process over a websocket."""

    channel = CHANNEL

    def __init__(
        self,
        voice: Voice,
        tokens: Collection[str] = (),
        origins: Collection[str] = (),
        limits: Limits | None = None,
    ) -> None:
        self._voice = voice
        self._door = Door(tokens, origins)
        self._limits = limits or Limits()
        self._paces = Paces(self._limits.messages)
        self._present: defaultdict[str, set[Attendance]] = defaultdict(set)

    def compose(self, answer: Answer, turn: Turn) -> Mapping[str, Any]:
        """The `answer` frame but for its turn number, which the commit will give."""
        return frames.answer_fields(turn.number, answer.text, answer.citations, answer.abstained)

    async def deliver(self, parcel: Parcel, arrived: Arrived) -> None:
        """Show the answer to every client that is present here; one frame, so there are no parts."""
        present = tuple(self._present.get(parcel.conversation, ()))
        if not present:
            wait = min(2.0**parcel.attempts, LONGEST_WAIT)
            raise Postponed(wait, "nobody of this conversation is connected here")
        frame = {"type": "answer", "turn": parcel.turn, **parcel.payload}
        for attendance in present:
            await attendance.answer(parcel.turn, parcel.payload["reply_to"], frame)

    def router(self, manager: Manager) -> APIRouter:
        router = APIRouter()

        @router.websocket("/ws")
        async def websocket(socket: WebSocket) -> None:
            await self._receive(socket, manager)

        return router

    async def run(self, manager: Manager) -> None:
        """Show everyone present what other processes wrote, every HEARTBEAT seconds."""
        while True:
            await asyncio.sleep(HEARTBEAT)
            for attendance in [each for present in self._present.values() for each in present]:
                try:
                    if await attendance.catch_up():
                        await attendance.confirm()
                except DialogueError as error:
                    log.warning("heartbeat_failed", reason=str(error))

    async def _receive(self, socket: WebSocket, manager: Manager) -> None:
        if not self._door.welcomes_origin(socket):
            await socket.close()
            return
        await socket.accept(subprotocol(socket))
        if not self._door.knows_bearer(socket):
            await socket.close(POLICY_VIOLATION, "a token is needed")
            return
        language = _language(socket)
        guest = Guest(language, self._voice.wording(language))
        attending = partial(self._attending, manager)
        await Visitor(socket, manager, attending, guest, self._limits, self._paces).stay()

    @asynccontextmanager
    async def _attending(
        self, manager: Manager, conversation: Conversation, line: Line, after: int
    ) -> AsyncIterator[Attendance]:
        async with attend(manager, conversation, line, after) as attendance:
            present = self._present[conversation.id]
            present.add(attendance)
            try:
                yield attendance
            finally:
                present.discard(attendance)
                if not present:
                    self._present.pop(conversation.id, None)


def _language(socket: WebSocket) -> str | None:
    """The first language that the client's browser asks for, for example `zh-CN`."""
    preferred = re.match(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", socket.headers.get("accept-language", ""))
    return preferred.group() if preferred else None
