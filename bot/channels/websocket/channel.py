"""The websocket channel: protocol 1 for the web chat and for any other client (`docs/websocket.md`).

Opens the door, knows who is present in which conversation, and hands them answers from the outbox. An answer
for which nobody is present waits in the store: the client reads it when it says hello again.
"""

import asyncio
import re
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter
from starlette.websockets import WebSocket

from bot.channels.base import Channel
from bot.channels.rate_limits import TokenBuckets
from bot.channels.websocket import protocol
from bot.channels.websocket.connection import CHANNEL, ClientInfo, Connection, ConnectionLimits
from bot.channels.websocket.session import ClientSession, SendQueue, open_session
from dialogue.conversation import Answer, Conversation, OutboxMessage, Turn
from dialogue.delivery import Postponed, ReportProgress
from dialogue.errors import DialogueError
from dialogue.manager import Manager
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
        limits: ConnectionLimits | None = None,
    ) -> None:
        self._voice = voice
        self._authenticator = Authenticator(tokens, origins)
        self._limits = limits or ConnectionLimits()
        self._buckets = TokenBuckets(self._limits.messages)
        self._present: defaultdict[str, set[ClientSession]] = defaultdict(set)

    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any]:
        """The `answer` frame but for its turn number, which the commit will give."""
        return protocol.answer_fields(turn.number, answer.text, answer.citations, answer.abstained)

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        """Show the answer to every client that is present here; one frame, so there are no parts."""
        present = tuple(self._present.get(outgoing.conversation, ()))
        if not present:
            wait = min(2.0**outgoing.attempts, LONGEST_WAIT)
            raise Postponed(wait, "nobody of this conversation is connected here")
        frame = {"type": "answer", "turn": outgoing.turn, **outgoing.payload}
        for session in present:
            await session.answer(outgoing.turn, outgoing.payload["reply_to"], frame)

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
            for session in [each for present in self._present.values() for each in present]:
                try:
                    if await session.catch_up():
                        await session.confirm()
                except DialogueError as error:
                    log.warning("heartbeat_failed", reason=str(error))

    async def _receive(self, socket: WebSocket, manager: Manager) -> None:
        if not self._authenticator.welcomes_origin(socket):
            await socket.close()
            return
        await socket.accept(subprotocol(socket))
        if not self._authenticator.knows_bearer(socket):
            await socket.close(POLICY_VIOLATION, "a token is needed")
            return
        language = _language(socket)
        client = ClientInfo(language, self._voice.wording(language))
        attending = partial(self._attending, manager)
        await Connection(socket, manager, attending, client, self._limits, self._buckets).stay()

    @asynccontextmanager
    async def _attending(
        self, manager: Manager, conversation: Conversation, line: SendQueue, after: int
    ) -> AsyncIterator[ClientSession]:
        async with open_session(manager, conversation, line, after) as session:
            present = self._present[conversation.id]
            present.add(session)
            try:
                yield session
            finally:
                present.discard(session)
                if not present:
                    self._present.pop(conversation.id, None)


def _language(socket: WebSocket) -> str | None:
    """The first language that the client's browser asks for, for example `zh-CN`."""
    preferred = re.match(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", socket.headers.get("accept-language", ""))
    return preferred.group() if preferred else None


SUBPROTOCOL = "groundtalk"
BEARER = "bearer "
OFFERED = "token."


class Authenticator:
    """Without `tokens` none is asked for. `origins` are added to the page's own; `*` stands for all."""

    def __init__(self, tokens: Collection[str] = (), origins: Collection[str] = ()) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._origins = {origin.rstrip("/").lower() for origin in origins}

    def welcomes_origin(self, socket: WebSocket) -> bool:
        """Browsers always tell the origin of their page; programs tell none and are judged by their token."""
        origin = socket.headers.get("origin", "").lower()
        if not origin or "*" in self._origins or origin in self._origins:
            return True
        return urlsplit(origin).netloc == socket.headers.get("host", "").lower()

    def knows_bearer(self, socket: WebSocket) -> bool:
        return not self._tokens or any(self._is_known(token) for token in _offered_tokens(socket))

    def _is_known(self, token: str) -> bool:
        """Compared in constant time, so that the time taken tells nothing about a token."""
        return any(secrets.compare_digest(token.encode(), known) for known in self._tokens)


def subprotocol(socket: WebSocket) -> str | None:
    """What the server answers to the offered subprotocols; a token is never echoed."""
    return SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None


def _offered_tokens(socket: WebSocket) -> Iterator[str]:
    authorization = socket.headers.get("authorization", "")
    if authorization.lower().startswith(BEARER):
        yield authorization[len(BEARER) :].strip()
    for offered in socket.scope["subprotocols"]:
        if offered.startswith(OFFERED):
            yield offered[len(OFFERED) :]
