"""One connected client: its frames are read, kept to the limits, and acted on in one conversation at a time.

Knows the protocol's conduct; the store, the queue and the form of frames are others' business.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.channels.rate_limits import Rate, TokenBucket, TokenBuckets
from bot.channels.websocket import protocol
from bot.channels.websocket.protocol import BadFrame, ConsentFrame, FeedbackFrame, HelloFrame, MessageFrame
from bot.channels.websocket.session import ClientSession, ClientTooSlow, SendQueue
from dialogue.conversation import Address, Conversation
from dialogue.errors import ConversationClosed, UnknownConversation, UnknownTurn
from dialogue.manager import Manager
from dialogue.voice import Wording

CHANNEL = "websocket"
TRY_AGAIN_LATER = 1013
CLOSE_TIMEOUT = 10.0
"""Seconds that a client which lags has to take in the closing frame."""

CODES = {
    UnknownConversation: "unknown_conversation",
    UnknownTurn: "unknown_turn",
    ConversationClosed: "closed",
}

log = structlog.get_logger(__name__)


FRAMES = Rate(burst=60, per_second=10)
MESSAGES = Rate(burst=20, per_second=0.5)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one client may ask for."""

    frame_characters: int = 65_536
    text_characters: int = 8_000
    frames: Rate = FRAMES
    """Frames of one connection."""
    messages: Rate = MESSAGES
    """Messages in one conversation, over all its connections to this process."""
    backlog: int = 1_000
    """Frames that may wait for one client."""


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """What is known of whoever connected."""

    language: str | None
    wording: Wording


OpenSession = Callable[[Conversation, SendQueue, int], AbstractAsyncContextManager[ClientSession]]


class Connection:
    """A websocket after it was accepted, until it closes."""

    def __init__(
        self,
        socket: WebSocket,
        manager: Manager,
        attend: OpenSession,
        client: ClientInfo,
        limits: ConnectionLimits,
        buckets: TokenBuckets,
    ) -> None:
        self._socket = socket
        self._manager = manager
        self._attend = attend
        self._client = client
        self._limits = limits
        self._buckets = buckets
        self._line = SendQueue(socket, limits.backlog)
        self._bucket = TokenBucket(limits.frames)
        self._presence = AsyncExitStack()
        self._session: ClientSession | None = None

    async def stay(self) -> None:
        """Serve the client until it leaves, lags, or the server shuts down."""
        try:
            async with self._presence, asyncio.TaskGroup() as tasks:
                tasks.create_task(self._line.drain())
                tasks.create_task(self._line.watch())
                tasks.create_task(self._read())
        except* WebSocketDisconnect:
            pass
        except* ClientTooSlow:
            await self._part()

    async def _read(self) -> None:
        while True:
            received = await self._socket.receive()
            if received["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(received.get("code", 1005))
            await self._serve(received.get("text"))

    async def _serve(self, raw: str | None) -> None:
        """Act on one frame. Whatever is wrong with it, the connection lives and the client is told."""
        message_id = None
        try:
            frame = self._parse(raw)
            message_id = frame.id if isinstance(frame, MessageFrame) else None
            await self._act(frame)
        except BadFrame as refusal:
            self._refuse(refusal.code, str(refusal), message_id)
        except (UnknownConversation, UnknownTurn, ConversationClosed) as refusal:
            self._refuse(CODES[type(refusal)], str(refusal), message_id)
        except Exception:
            log.exception("frame_failed")
            self._refuse("unavailable", self._client.wording.failure, message_id)

    def _refuse(self, code: str, reason: str, message_id: str | None) -> None:
        self._line.send(protocol.error(code, reason, message_id=message_id))

    def _parse(self, raw: str | None) -> protocol.ClientFrame:
        if not self._bucket.step():
            raise BadFrame("too_fast", self._client.wording.too_fast)
        if raw is None:
            raise BadFrame("bad_frame", "Send text frames, not binary ones.")
        if len(raw) > self._limits.frame_characters:
            raise BadFrame("too_large", f"A frame has at most {self._limits.frame_characters} characters.")
        return protocol.parse(raw)

    async def _act(self, frame: protocol.ClientFrame) -> None:
        if isinstance(frame, HelloFrame):
            await self._hello(frame)
        elif self._session is None:
            raise BadFrame("hello_first", "Send hello before anything else.")
        elif isinstance(frame, MessageFrame):
            await self._say(self._session, frame)
        elif isinstance(frame, FeedbackFrame):
            await self._rate(self._session.conversation, frame)
        elif isinstance(frame, ConsentFrame):
            await self._consent(self._session.conversation, frame.given)
        else:
            self._manager.cancel(self._session.conversation.id)

    async def _hello(self, frame: HelloFrame) -> None:
        conversation = await self._conversation(frame.conversation)
        self._session = None
        await self._presence.aclose()
        self._session = await self._presence.enter_async_context(
            self._attend(conversation, self._line, frame.after)
        )

    async def _conversation(self, known: str | None) -> Conversation:
        """The conversation with this id, or a new one. Those of other channels do not exist here."""
        if known is None:
            address = Address(CHANNEL, secrets.token_urlsafe(16))
            return await self._manager.start(address, self._client.language)
        conversation = await self._manager.store.conversations.get(known)
        if conversation.address.channel != CHANNEL:
            raise UnknownConversation(known)
        return conversation

    async def _say(self, session: ClientSession, frame: MessageFrame) -> None:
        if len(frame.text) > self._limits.text_characters:
            raise BadFrame("too_long", self._client.wording.too_long)
        if not self._buckets.step(session.conversation.id):
            raise BadFrame("too_fast", self._client.wording.too_fast)
        await session.say(frame)

    async def _rate(self, conversation: Conversation, frame: FeedbackFrame) -> None:
        await self._manager.store.feedback.rate(
            conversation.id,
            frame.turn,
            conversation.address.account,
            frame.rating,
            frame.comment,
            frame.correction,
        )

    async def _consent(self, conversation: Conversation, given: bool) -> None:
        if not self._manager.asks_consent:
            raise BadFrame("not_asked", self._client.wording.consent_withheld)
        await self._manager.store.conversations.set_consent(conversation.id, given)
        self._line.send(protocol.consent(given))

    async def _part(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._socket.close(TRY_AGAIN_LATER, "the client reads too slowly")
        except (TimeoutError, WebSocketDisconnect):
            log.info("farewell_not_taken")
