"""What one client of a conversation is shown, and the queue of frames on their way to it.

Answers arrive through the outbox (`ClientSession.show_answer`). Live events bring only previews and what other
clients of the conversation wrote. The store is read to fill gaps: when a client connects, before an answer whose
question was asked elsewhere, and for answers that another process delivered.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import structlog
from starlette.websockets import WebSocket

from bot.channels.websocket import protocol
from bot.channels.websocket.protocol import ServerFrame
from dialogue.conversation import Conversation, Role, Turn, Utterance
from dialogue.errors import DialogueError
from dialogue.events import Answered, Event, Failed, Queued, Retrieved, Rewritten, Token, Writing
from dialogue.manager import Manager

REPLAYED_TURNS = 100
"""Turns that `ready` carries at most; earlier ones are read over HTTP."""
RECENT_TURNS = 20
"""How many turns to look through for the newest: an answer has a higher number than questions that wait behind it."""

log = structlog.get_logger(__name__)


class ClientTooSlow(Exception):
    """The client reads so slowly that its queue is full."""


class SendQueue:
    """A bounded queue of frames for one socket, so that nothing that sends ever waits for a client."""

    def __init__(self, socket: WebSocket, size: int) -> None:
        self._socket = socket
        self._frames: asyncio.Queue[ServerFrame] = asyncio.Queue(size)
        self._overflow = asyncio.Event()

    def put(self, frame: ServerFrame) -> None:
        """Queue a frame. After an overflow the connection is about to be closed, and frames are dropped."""
        if self._frames.full():
            self._overflow.set()
        if not self._overflow.is_set():
            self._frames.put_nowait(frame)

    async def drain(self) -> None:
        """Send queued frames until cancelled. Raises WebSocketDisconnect when the socket is gone."""
        while True:
            frame = await self._frames.get()
            await self._socket.send_text(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))

    async def watch(self) -> None:
        """Raises ClientTooSlow once the queue overflows."""
        await self._overflow.wait()
        raise ClientTooSlow


@asynccontextmanager
async def open_session(
    manager: Manager, conversation: Conversation, queue: SendQueue, after: int, outbox_grace: float
) -> AsyncIterator["ClientSession"]:
    """Send the client `ready`, then show it what happens in `conversation` until the block ends.

    A client that comes in the middle of an answer is shown what it missed of the preview.
    """
    session = ClientSession(manager, conversation, queue, outbox_grace)
    with manager.listen(conversation.id, replay=True) as events:
        await session.send_ready(after)
        following = asyncio.create_task(session.follow(events))
        try:
            yield session
        finally:
            following.cancel()


class ClientSession:
    """One client in one conversation. Remembers which turns the client has, so that each is shown once.

    outbox_grace: seconds that the outbox has to bring an answer which was committed in this process. After that the
    answer is read from the store, because another process may have taken the message and delivered it to its clients.
    """

    def __init__(
        self, manager: Manager, conversation: Conversation, queue: SendQueue, outbox_grace: float
    ) -> None:
        self.conversation = conversation
        self._manager = manager
        self._queue = queue
        self._outbox_grace = outbox_grace
        self._ordering = asyncio.Lock()
        self._shown = 0
        """Every turn up to this one has been shown."""
        self._shown_ahead: set[int] = set()
        """Turns beyond `_shown` that have been shown too."""
        self._last_answered = 0
        """The last question whose answer has been shown; previews of earlier answers are dropped."""
        self._last_committed = 0
        """The last answer that an event announced."""
        self._check_at: float | None = None
        """When to check that the outbox has brought it (the event loop's clock)."""

    async def send_ready(self, after: int) -> None:
        """Send `ready` with the turns after turn `after`; the outbox need not deliver those any more."""
        turns = self._manager.store.turns
        async with self._ordering:
            recent = await turns.history(self.conversation.id, protocol.LAST_TURN, RECENT_TURNS)
            last = max((turn.number for turn in recent), default=0)
            first = max(min(after, last), last - REPLAYED_TURNS)
            replayed = await turns.after(self.conversation.id, first, REPLAYED_TURNS)
            asks_consent = self._manager.asks_consent
            self._queue.put(protocol.ready(self.conversation, replayed, asks_consent=asks_consent))
            self._shown = replayed[-1].number if replayed else last
            self._last_answered = max((turn.reply_to or 0 for turn in [*recent, *replayed]), default=0)
        await self._mark_seen()

    async def receive(self, message: protocol.MessageFrame) -> None:
        """Pass the client's message to the manager, and acknowledge it once it is stored (I2)."""
        utterance = Utterance(self.conversation.address, message.id, message.text)
        async with self._ordering:
            receipt = await self._manager.receive(utterance, self.conversation.id)
            self._queue.put(protocol.accepted(message.id, receipt.turn.number))
            self._mark_shown(receipt.turn.number)
            if receipt.duplicate:
                await self._repeat_answer(receipt.turn)

    async def show_answer(self, turn: int, frame: ServerFrame) -> None:
        """Show an answer from the outbox, after the turns before it, unless the client has it already."""
        async with self._ordering:
            if turn > self._shown + 1:
                await self._show_stored(before=turn)
                self._mark_all_shown(turn - 1)
            if self._is_new(turn):
                self._queue.put(frame)
                self._last_answered = max(self._last_answered, frame["reply_to"] or 0)
                self._mark_shown(turn)

    async def catch_up(self) -> None:
        """Show what is in the store and the client does not have; the outbox need not deliver that any more."""
        shown = self._shown
        async with self._ordering:
            self._mark_all_shown(await self._show_stored())
        if self._shown > shown:
            await self._mark_seen()

    async def follow(self, events: AsyncIterator[Event]) -> None:
        """Show live events until cancelled. If the store fails, the next event or heartbeat tries again."""
        while True:
            try:
                await self._follow(events)
            except DialogueError as error:
                log.warning("turns_not_shown", conversation=self.conversation.id, reason=str(error))

    async def _follow(self, events: AsyncIterator[Event]) -> None:
        try:
            async with asyncio.timeout_at(self._check_at):
                event = await anext(events)
        except TimeoutError:
            self._check_at = None
            if self._last_committed > self._shown:
                await self.catch_up()
        else:
            await self._show(event)

    async def _show(self, event: Event) -> None:
        if isinstance(event, Answered):
            self._expect(event.turn)
            return
        if self._is_new(event.turn):
            async with self._ordering:
                await self._show_stored(before=event.turn + 1, roles={Role.USER})
        if isinstance(event, Failed) or event.turn > self._last_answered:
            self._show_preview(event)

    def _show_preview(self, event: Event) -> None:
        match event:
            case Queued():
                self._queue.put(protocol.queued(event))
            case Rewritten():
                self._queue.put(protocol.rewritten(event))
            case Retrieved():
                self._queue.put(protocol.passages(event))
            case Writing():
                self._queue.put(protocol.writing(event))
            case Token():
                self._queue.put(protocol.token(event))
            case Failed():
                self._queue.put(protocol.failed(event))

    def _expect(self, answer: int) -> None:
        """The outbox is about to bring turn `answer`; check later that it did."""
        self._last_committed = max(self._last_committed, answer)
        if self._check_at is None:
            self._check_at = asyncio.get_running_loop().time() + self._outbox_grace

    async def _show_stored(
        self, before: int = protocol.LAST_TURN, roles: Collection[Role] = tuple(Role)
    ) -> int:
        """Show stored turns that the client does not have, numbered below `before`; the number of the last read."""
        position = self._shown
        while turns := await self._read_turns(position, before):
            position = turns[-1].number
            for turn in turns:
                if turn.role in roles and self._is_new(turn.number):
                    self._queue.put(protocol.stored(turn))
                    self._last_answered = max(self._last_answered, turn.reply_to or 0)
                    self._mark_shown(turn.number)
        return position

    async def _read_turns(self, after: int, before: int) -> list[Turn]:
        turns = await self._manager.store.turns.after(self.conversation.id, after, REPLAYED_TURNS)
        return [turn for turn in turns if turn.number < before]

    async def _repeat_answer(self, question: Turn) -> None:
        """Send the answer to a question that was asked again, if there is one."""
        turns = await self._manager.store.turns.after(self.conversation.id, question.number, REPLAYED_TURNS)
        for turn in turns:
            if turn.reply_to == question.number:
                self._queue.put(protocol.stored(turn))

    async def _mark_seen(self) -> None:
        await self._manager.store.outbox.mark_seen(self.conversation.id, self._shown)

    def _is_new(self, number: int) -> bool:
        return number > self._shown and number not in self._shown_ahead

    def _mark_shown(self, number: int) -> None:
        """Turn `number` has been shown, perhaps ahead of earlier ones."""
        if number > self._shown:
            self._shown_ahead.add(number)
        while self._shown + 1 in self._shown_ahead:
            self._mark_all_shown(self._shown + 1)

    def _mark_all_shown(self, number: int) -> None:
        """Every turn up to `number` has been shown; numbers may be missing after an erasure."""
        self._shown = max(self._shown, number)
        self._shown_ahead = {each for each in self._shown_ahead if each > number}
