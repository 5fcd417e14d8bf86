"""Frames on their way out to one websocket.

Knows how many frames may wait, not what they mean. Nothing that sends ever waits for a client.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.websockets import WebSocket

from bot.channels.websocket import protocol
from bot.channels.websocket.protocol import ServerFrame
from dialogue.conversation import Conversation, Turn, Utterance
from dialogue.errors import DialogueError
from dialogue.events import Event, Failed, Retrieved, Rewritten, Token
from dialogue.manager import Manager


class ClientTooSlow(Exception):
    """The client reads so slowly that its queue is full."""


class SendQueue:
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
        raise ClientTooSlow


REPLAYED = 100
"""Turns that `ready` carries at most; earlier ones are read over HTTP."""
RECENT = 20
"""Turns among which the newest is: answers are numbered later than questions that wait behind them."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_session(
    manager: Manager, conversation: Conversation, line: SendQueue, after: int
) -> AsyncIterator["ClientSession"]:
    """Greets the client with `ready`, then shows it what happens until the block ends."""
    session = ClientSession(manager, conversation, line)
    with manager.listen(conversation.id) as events:
        await session.greet(after)
        following = asyncio.create_task(session.follow(events))
        try:
            yield session
        finally:
            following.cancel()


class ClientSession:
    """What one client of `conversation` has been shown, and how it is shown the rest."""

    def __init__(self, manager: Manager, conversation: Conversation, line: SendQueue) -> None:
        self.conversation = conversation
        self._manager = manager
        self._line = line
        self._in_order = asyncio.Lock()
        self._shown = 0
        """Every turn up to this one has been shown."""
        self._ahead: set[int] = set()
        """Turns shown beyond it."""
        self._answered = 0
        """The last question whose answer has been shown: previews of it would come too late."""

    async def greet(self, after: int) -> None:
        """Send `ready` with the last turns after turn `after`; they need not be delivered any more."""
        store = self._manager.store
        async with self._in_order:
            recent = await store.turns.history(self.conversation.id, protocol.LAST_TURN, RECENT)
            last = max((turn.number for turn in recent), default=0)
            first = max(min(after, last), last - REPLAYED)
            turns = await store.turns.after(self.conversation.id, first, REPLAYED)
            asks = self._manager.asks_consent
            self._line.send(protocol.ready(self.conversation, turns, asks_consent=asks))
            self._shown = turns[-1].number if turns else last
            self._answered = max((turn.reply_to or 0 for turn in [*recent, *turns]), default=0)
        await self.confirm()

    async def say(self, message: protocol.MessageFrame) -> None:
        """Hand the client's words to the manager, and tell the client once they are stored (I2)."""
        utterance = Utterance(self.conversation.address, message.id, message.text)
        async with self._in_order:
            receipt = await self._manager.receive(utterance, self.conversation.id)
            self._line.send(protocol.accepted(message.id, receipt.turn.number))
            self._mark(receipt.turn.number)
            if receipt.duplicate:
                await self._repeat_answer(receipt.turn)

    async def answer(self, turn: int, reply_to: int | None, frame: protocol.ServerFrame) -> None:
        """Show the answer that came as a message, after what came before it, unless the client has it."""
        async with self._in_order:
            if turn > self._shown + 1:
                await self._read_on()
            if turn > self._shown and turn not in self._ahead:
                self._line.send(frame)
                self._answered = max(self._answered, reply_to or 0)
                self._mark(turn)

    async def catch_up(self) -> bool:
        """Show the turns that the client has not been shown; whether there were any."""
        before = self._shown
        async with self._in_order:
            await self._read_on()
        return self._shown > before

    async def confirm(self) -> None:
        """What the client was shown need not be delivered from the outbox any more."""
        await self._manager.store.outbox.mark_seen(self.conversation.id, self._shown)

    async def follow(self, events: AsyncIterator[Event]) -> None:
        """Show live events, for ever. A store that fails now is read again at the next event or heartbeat."""
        async for event in events:
            try:
                await self._show(event)
            except DialogueError as error:
                log.warning("turns_not_shown", conversation=self.conversation.id, reason=str(error))

    async def _show(self, event: Event) -> None:
        if event.turn is not None and event.turn > self._shown:
            await self.catch_up()
        match event:
            case Rewritten() if event.turn > self._answered:
                self._line.send(protocol.rewritten(event))
            case Retrieved() if event.turn > self._answered:
                self._line.send(protocol.passages(event))
            case Token() if event.turn > self._answered:
                self._line.send(protocol.token(event))
            case Failed():
                self._line.send(protocol.failed(event))

    async def _read_on(self) -> None:
        while turns := await self._manager.store.turns.after(self.conversation.id, self._shown, REPLAYED):
            for turn in turns:
                if turn.number not in self._ahead:
                    self._line.send(protocol.stored(turn))
                    self._answered = max(self._answered, turn.reply_to or 0)
            self._mark_all(turns[-1].number)

    async def _repeat_answer(self, question: Turn) -> None:
        """Send the answer to a question that was asked again, if there is one."""
        turns = await self._manager.store.turns.after(self.conversation.id, question.number, REPLAYED)
        for turn in turns:
            if turn.reply_to == question.number:
                self._line.send(protocol.stored(turn))

    def _mark(self, number: int) -> None:
        """Turn `number` has been shown, perhaps ahead of earlier ones."""
        if number > self._shown:
            self._ahead.add(number)
        while self._shown + 1 in self._ahead:
            self._mark_all(self._shown + 1)

    def _mark_all(self, number: int) -> None:
        """Every turn up to `number` has been shown; numbers may be missing where someone was forgotten."""
        self._shown = number
        self._ahead = {each for each in self._ahead if each > number}
