"""Shows an answer while it is being written: as a draft in private chats, as a message that is edited in groups.

`Previews` runs one `Preview` per question, which follows the live events and shows them on a `PreviewSurface`.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Protocol

import structlog
from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import RetryAfter, TelegramError

from bot.channels.telegram.limits import RecentKeys, SendLimits
from bot.channels.telegram.rendering import (
    MAX_MESSAGE_UNITS,
    StyledText,
    render_markdown,
    split_text,
    utf16_length,
)
from bot.channels.telegram.sending import (
    PERMANENT_ERRORS,
    UNKNOWN_METHOD,
    MessagePart,
    describe,
    edit_text,
    entities,
    retry_seconds,
    send_text,
)
from bot.channels.telegram.updates import ChatThread
from dialogue.conversation import Receipt
from dialogue.events import Answered, Event, Failed, Rewritten, Token
from dialogue.manager import Manager

UNFINISHED_MARK = " …"
"""Appended to a message that is not complete yet."""


class PreviewSurface(Protocol):
    message: int | None
    """The id of the preview's message in the chat, if there is one."""

    def ready(self) -> bool:
        """Whether Telegram's rate limits allow an update now."""

    async def show(self, text: str) -> None:
        """Show the answer so far (Markdown). Raises TelegramError."""


class DraftPreview:
    """Telegram's own preview for private chats (Bot API, sendMessageDraft).

    It disappears when the answer arrives or after 30 seconds, so there is nothing to clean up. `number` tells the
    drafts of a chat apart and must not be 0.
    """

    message: int | None = None

    def __init__(self, bot: Bot, thread: ChatThread, number: int) -> None:
        self._bot = bot
        self._thread = thread
        self._number = number

    def ready(self) -> bool:
        return True

    async def show(self, text: str) -> None:
        part = _beginning(text)
        await self._bot.send_message_draft(
            self._thread.chat_id,
            self._number,
            part["text"],
            message_thread_id=self._thread.thread_id,
            entities=entities(part),
        )


class EditedPreview:
    """A message that is edited as the answer grows, within the rate limits and leaving room for the answer."""

    def __init__(self, bot: Bot, thread: ChatThread, limits: SendLimits, reply_to: int | None) -> None:
        self.message: int | None = None
        self._bot = bot
        self._thread = thread
        self._limits = limits
        self._reply_to = reply_to

    def ready(self) -> bool:
        return self._limits.wait(self._thread.chat_id, messages=2) == 0

    async def show(self, text: str) -> None:
        await self._limits.acquire(self._thread.chat_id)
        try:
            await self._write(_beginning(text, UNFINISHED_MARK))
        except RetryAfter as error:
            self._limits.pause(self._thread.chat_id, retry_seconds(error))
            raise

    async def _write(self, part: MessagePart) -> None:
        if self.message is None:
            self.message = await send_text(self._bot, self._thread, part, self._reply_to)
        else:
            await edit_text(self._bot, self._thread, self.message, part)


def _beginning(text: str, end: str = "") -> MessagePart:
    """As much of `text` as fits into one message together with `end`."""
    first, *_ = split_text(render_markdown(text), MAX_MESSAGE_UNITS - utf16_length(end))
    return (first + StyledText(end)).message


CLOSE_TIMEOUT = 5.0
"""Seconds that an answer waits for a preview call in progress."""

log = structlog.get_logger(__name__)


class Preview:
    """The preview of the answer to the user's turn `question`, updated at most every `interval` seconds.

    A closed preview is never updated, so that it cannot overwrite the answer.
    """

    def __init__(self, surface: PreviewSurface, question: int, interval: float) -> None:
        self.started = asyncio.Event()
        """Set when the first token arrives."""
        self.delivered = asyncio.Event()
        """Set when the answer has been delivered."""
        self.refused = False
        """Telegram does not allow this kind of preview in this chat."""
        self._surface = surface
        self._question = question
        self._interval = interval
        self._text = ""
        self._next_update = -math.inf
        self._closed = False
        self._lock = asyncio.Lock()

    async def watch(self, events: AsyncIterator[Event]) -> None:
        """Follow the answer until it is committed. A new attempt starts over."""
        async for event in events:
            match event:
                case Rewritten(turn=number) | Failed(turn=number) if number == self._question:
                    self._text = ""
                case Token(turn=number, text=text) if number == self._question:
                    self.started.set()
                    self._text += text
                    await self._update()
                case Answered(reply_to=number) if number == self._question:
                    return

    async def close(self) -> int | None:
        """Stop updating; returns the id of the preview's message, if there is one."""
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT), self._lock:
                pass
        return self._surface.message

    async def _update(self) -> None:
        """Show the answer so far, if it is time and the rate limits allow it."""
        async with self._lock:
            early = time.monotonic() < self._next_update or not self._text.strip()
            if early or self._closed or not self._surface.ready():
                return
            pause = await self._show()
            self._next_update = time.monotonic() + pause

    async def _show(self) -> float:
        """Returns the seconds until the next update."""
        try:
            await self._surface.show(self._text)
        except RetryAfter as error:
            return retry_seconds(error)
        except TelegramError as error:
            log.info("preview_not_shown", reason=describe(error))
            self.refused = isinstance(error, (*PERMANENT_ERRORS, UNKNOWN_METHOD))
            return math.inf
        return self._interval


UPDATE_INTERVAL = 1.0
"""Seconds between two updates of a preview."""
TYPING_INTERVAL, MAX_TYPING = 4.5, 20
"""Telegram shows "typing" for five seconds; after so many repeats, another process answers or it takes very long."""
ANSWER_TIMEOUT = 600.0
DELIVERY_TIMEOUT = 60.0
"""Seconds until a preview is removed because another process delivered the answer."""


class Previews:
    """The previews of one bot, by conversation and number of the user's turn."""

    def __init__(self, bot: Bot, limits: SendLimits, interval: float = UPDATE_INTERVAL) -> None:
        self._bot = bot
        self._limits = limits
        self._interval = interval
        self._without_drafts = RecentKeys()
        self._previews: dict[tuple[str, int], Preview] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, manager: Manager, thread: ChatThread, receipt: Receipt) -> None:
        """Start to show the answer to the turn that was just received."""
        task = asyncio.create_task(self._follow(manager, thread, receipt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, conversation: str, question: int) -> int | None:
        """Stop the preview of this answer; returns the id of its message, if there is one."""
        preview = self._previews.get((conversation, question))
        return await preview.close() if preview else None

    def mark_delivered(self, conversation: str, question: int) -> None:
        """The answer has been delivered."""
        if preview := self._previews.pop((conversation, question), None):
            preview.delivered.set()

    async def stop(self) -> None:
        """Stop all previews, and delete messages that show only part of an answer."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, manager: Manager, thread: ChatThread, receipt: Receipt) -> None:
        key = conversation, question = receipt.conversation.id, receipt.turn.number
        preview = self._previews[key] = Preview(self._surface(thread, receipt), question, self._interval)
        typing = asyncio.create_task(self._show_typing(thread, preview))
        try:
            with manager.listen(conversation) as events:
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    await preview.watch(events)
            async with asyncio.timeout(DELIVERY_TIMEOUT):
                await preview.delivered.wait()
        except TimeoutError:
            log.info("preview_abandoned", conversation=conversation, turn=question)
        except Exception:
            log.exception("preview_failed", conversation=conversation, turn=question)
        finally:
            typing.cancel()
            self._previews.pop(key, None)
            await self._clean_up(thread, preview)

    def _surface(self, thread: ChatThread, receipt: Receipt) -> PreviewSurface:
        if thread.private and thread.chat_id not in self._without_drafts:
            return DraftPreview(self._bot, thread, receipt.turn.number)
        asked = receipt.turn.reference
        return EditedPreview(
            self._bot, thread, self._limits, int(asked) if asked and not thread.private else None
        )

    async def _show_typing(self, thread: ChatThread, preview: Preview) -> None:
        """Show "typing" until the first token arrives."""
        for _ in range(MAX_TYPING):
            with suppress(TelegramError):
                await self._bot.send_chat_action(
                    thread.chat_id, ChatAction.TYPING, message_thread_id=thread.thread_id
                )
            with suppress(TimeoutError):
                await asyncio.wait_for(preview.started.wait(), TYPING_INTERVAL)
                return

    async def _clean_up(self, thread: ChatThread, preview: Preview) -> None:
        """Remember chats that do not allow drafts, and delete a message that no answer will replace."""
        if preview.refused:
            self._without_drafts.add(thread.chat_id)
        message = await preview.close()
        if message is not None and not preview.delivered.is_set():
            with suppress(TelegramError):
                await self._bot.delete_message(thread.chat_id, message)
