"""One websocket connection: reads the client's frames, enforces its limits and acts on each frame.

A connection is in one conversation at a time, from `hello` to the next `hello`; what the client is shown there is in
`session`, and the form of the frames in `protocol`.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass

import structlog
from starlette.status import WS_1013_TRY_AGAIN_LATER
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
FRAME_RATE = Rate(burst=60, per_second=10)
MESSAGE_RATE = Rate(burst=20, per_second=0.5)

ERROR_CODES = {
    UnknownConversation: "unknown_conversation",
    UnknownTurn: "unknown_turn",
    ConversationClosed: "closed",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How much one client may send, and how far it may fall behind."""

    frame_characters: int = 65_536
    text_characters: int = 8_000
    frames: Rate = FRAME_RATE
    """Frames of one connection."""
    messages: Rate = MESSAGE_RATE
    """Messages in one conversation, over all its connections to this process."""
    queued_frames: int = 1_000
    """Frames that may wait to be sent to one client; one more closes the connection."""
    close_timeout: float = 10.0
    """Seconds that a client which is too slow has to take the closing frame."""


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """What the handshake says about the client."""

    language: str | None
    wording: Wording


OpenSession = Callable[[Conversation, SendQueue, int], AbstractAsyncContextManager[ClientSession]]


class Connection:
    """An accepted websocket, until it closes."""

    def __init__(
        self,
        socket: WebSocket,
        manager: Manager,
        open_session: OpenSession,
        client: ClientInfo,
        limits: ConnectionLimits,
        message_buckets: TokenBuckets,
    ) -> None:
        self._socket = socket
        self._manager = manager
        self._open_session = open_session
        self._client = client
        self._limits = limits
        self._message_buckets = message_buckets
        self._outgoing = SendQueue(socket, limits.queued_frames)
        self._frame_bucket = TokenBucket(limits.frames)
        self._stack = AsyncExitStack()
        self._session: ClientSession | None = None

    async def run(self) -> None:
        """Serve the client until it disconnects, falls too far behind, or the server shuts down."""
        try:
            async with self._stack, asyncio.TaskGroup() as tasks:
                tasks.create_task(self._outgoing.drain())
                tasks.create_task(self._outgoing.watch())
                tasks.create_task(self._read())
        except* WebSocketDisconnect:
            pass
        except* ClientTooSlow:
            await self._close()

    async def _read(self) -> None:
        while True:
            received = await self._socket.receive()
            if received["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(received.get("code", 1005))
            await self._receive(received.get("text"))

    async def _receive(self, raw: str | None) -> None:
        """Act on one frame. A bad frame is answered with `error`, and the connection stays open."""
        message_id = None
        try:
            frame = self._parse(raw)
            message_id = frame.id if isinstance(frame, MessageFrame) else None
            await self._act(frame)
        except BadFrame as error:
            self._refuse(error.code, str(error), message_id)
        except (UnknownConversation, UnknownTurn, ConversationClosed) as error:
            self._refuse(ERROR_CODES[type(error)], str(error), message_id)
        except Exception:
            log.exception("frame_failed")
            self._refuse("unavailable", self._client.wording.failure, message_id)

    def _refuse(self, code: str, reason: str, message_id: str | None) -> None:
        self._outgoing.put(protocol.error(code, reason, message_id=message_id))

    def _parse(self, raw: str | None) -> protocol.ClientFrame:
        if not self._frame_bucket.take():
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
            await self._receive_message(self._session, frame)
        elif isinstance(frame, FeedbackFrame):
            await self._rate(self._session.conversation, frame)
        elif isinstance(frame, ConsentFrame):
            await self._set_consent(self._session.conversation, frame.given)
        else:
            self._manager.cancel(self._session.conversation.id)

    async def _hello(self, frame: HelloFrame) -> None:
        conversation = await self._conversation(frame.conversation)
        self._session = None
        await self._stack.aclose()
        self._session = await self._stack.enter_async_context(
            self._open_session(conversation, self._outgoing, frame.after)
        )

    async def _conversation(self, known: str | None) -> Conversation:
        """The conversation with this id, or a new one. Conversations of other channels are treated as unknown."""
        if known is None:
            address = Address(CHANNEL, secrets.token_urlsafe(16))
            return await self._manager.start(address, self._client.language)
        conversation = await self._manager.store.conversations.get(known)
        if conversation.address.channel != CHANNEL:
            raise UnknownConversation(known)
        return conversation

    async def _receive_message(self, session: ClientSession, frame: MessageFrame) -> None:
        if len(frame.text) > self._limits.text_characters:
            raise BadFrame("too_long", self._client.wording.too_long)
        if not self._message_buckets.take(session.conversation.id):
            raise BadFrame("too_fast", self._client.wording.too_fast)
        await session.receive(frame)

    async def _rate(self, conversation: Conversation, frame: FeedbackFrame) -> None:
        await self._manager.store.feedback.rate(
            conversation.id,
            frame.turn,
            conversation.address.account,
            frame.rating,
            frame.comment,
            frame.correction,
        )

    async def _set_consent(self, conversation: Conversation, given: bool) -> None:
        if not self._manager.asks_consent:
            raise BadFrame("not_asked", self._client.wording.consent_withheld)
        await self._manager.store.conversations.set_consent(conversation.id, given)
        self._outgoing.put(protocol.consent(given))

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(self._limits.close_timeout):
                await self._socket.close(WS_1013_TRY_AGAIN_LATER, "the client reads too slowly")
        except (TimeoutError, WebSocketDisconnect):
            log.info("close_frame_not_sent")
