"""The websocket channel, which the web chat and other clients use (`docs/websocket.md`).

Accepts connections, keeps track of which conversations have clients connected to this process, and passes answers
from the outbox on to them. An answer for which nobody is connected stays in the store until the client returns.
"""

import asyncio
import random
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
from starlette.status import WS_1008_POLICY_VIOLATION
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

MAX_BACKOFF = 3600.0
"""Seconds between two attempts to deliver to a conversation without clients, at most."""

log = structlog.get_logger(__name__)


class WebsocketChannel(Channel):
    """The clients that are connected to this process.

    heartbeat: seconds between two looks at the store for turns that other processes committed. outbox_grace: see
    `ClientSession`.
    """

    channel = CHANNEL

    def __init__(
        self,
        voice: Voice,
        tokens: Collection[str] = (),
        origins: Collection[str] = (),
        limits: ConnectionLimits | None = None,
        *,
        heartbeat: float = 20.0,
        outbox_grace: float = 1.0,
    ) -> None:
        self._voice = voice
        self._authenticator = Authenticator(tokens, origins)
        self._limits = limits or ConnectionLimits()
        self._heartbeat = heartbeat
        self._outbox_grace = outbox_grace
        self._buckets = TokenBuckets(self._limits.messages)
        self._sessions: defaultdict[str, set[ClientSession]] = defaultdict(set)

    def render(self, answer: Answer, turn: Turn) -> Mapping[str, Any]:
        """The fields of the `answer` frame, except for the turn's number, which is known after the commit."""
        return protocol.answer_fields(turn.number, answer.text, answer.citations, answer.abstained)

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        """Show the answer to every client that is connected here, as one frame, so in one part."""
        sessions = tuple(self._sessions.get(outgoing.conversation, ()))
        if not sessions:
            raise Postponed(_backoff(outgoing.attempts), "no client of this conversation is connected here")
        frame = {"type": "answer", "turn": outgoing.turn, **outgoing.payload}
        for session in sessions:
            await session.show_answer(outgoing.turn, frame)

    def router(self, manager: Manager) -> APIRouter:
        router = APIRouter()

        @router.websocket("/ws")
        async def websocket(socket: WebSocket) -> None:
            await self._serve(socket, manager)

        return router

    async def run(self, manager: Manager) -> None:
        """At every heartbeat, show connected clients what other processes committed."""
        while True:
            await asyncio.sleep(self._heartbeat)
            for session in [session for sessions in self._sessions.values() for session in sessions]:
                try:
                    await session.catch_up()
                except DialogueError as error:
                    log.warning("heartbeat_failed", reason=str(error))

    async def _serve(self, socket: WebSocket, manager: Manager) -> None:
        if not self._authenticator.allows_origin(socket):
            await socket.close()
            return
        await socket.accept(accepted_subprotocol(socket))
        if not self._authenticator.has_valid_token(socket):
            await socket.close(WS_1008_POLICY_VIOLATION, "a token is needed")
            return
        language = _language(socket)
        client = ClientInfo(language, self._voice.wording(language))
        connect = partial(self._open_session, manager)
        await Connection(socket, manager, connect, client, self._limits, self._buckets).run()

    @asynccontextmanager
    async def _open_session(
        self, manager: Manager, conversation: Conversation, queue: SendQueue, after: int
    ) -> AsyncIterator[ClientSession]:
        async with open_session(manager, conversation, queue, after, self._outbox_grace) as session:
            sessions = self._sessions[conversation.id]
            sessions.add(session)
            try:
                yield session
            finally:
                sessions.discard(session)
                if not sessions:
                    self._sessions.pop(conversation.id, None)


def _backoff(attempts: int) -> float:
    """Seconds until the message is offered again, at random so that it reaches every process sooner or later."""
    return min(2.0 ** min(attempts - 1, 30), MAX_BACKOFF) * random.uniform(0.5, 1.0)


def _language(socket: WebSocket) -> str | None:
    """The language that the client's browser prefers, for example `zh-CN`."""
    preferred = re.match(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", socket.headers.get("accept-language", ""))
    return preferred.group() if preferred else None


SUBPROTOCOL = "groundtalk"
BEARER_PREFIX = "bearer "
TOKEN_PREFIX = "token."


class Authenticator:
    """Checks who may connect. Without `tokens` no token is needed. `origins` are allowed besides our own; `*`: all."""

    def __init__(self, tokens: Collection[str] = (), origins: Collection[str] = ()) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._origins = {origin.rstrip("/").lower() for origin in origins}

    def allows_origin(self, socket: WebSocket) -> bool:
        """Browsers always send the origin of their page. Other clients send none; only their token is checked."""
        origin = socket.headers.get("origin", "").lower()
        if not origin or "*" in self._origins or origin in self._origins:
            return True
        return urlsplit(origin).netloc == socket.headers.get("host", "").lower()

    def has_valid_token(self, socket: WebSocket) -> bool:
        return not self._tokens or any(self._is_known(token) for token in _offered_tokens(socket))

    def _is_known(self, token: str) -> bool:
        """Compares in constant time, so that the time taken reveals nothing about a token."""
        return any(secrets.compare_digest(token.encode(), known) for known in self._tokens)


def accepted_subprotocol(socket: WebSocket) -> str | None:
    """The subprotocol to accept out of those offered; a token is never echoed."""
    return SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None


def _offered_tokens(socket: WebSocket) -> Iterator[str]:
    authorization = socket.headers.get("authorization", "")
    if authorization.lower().startswith(BEARER_PREFIX):
        yield authorization[len(BEARER_PREFIX) :].strip()
    for offered in socket.scope["subprotocols"]:
        if offered.startswith(TOKEN_PREFIX):
            yield offered[len(TOKEN_PREFIX) :]
