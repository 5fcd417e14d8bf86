"""Shows an answer while it is being written: as a draft in private chats, as a message that is edited in groups.

A draft also shows what was found before the first word, and how long it takes; elsewhere there is "typing" until then.

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

from bot.channels.progress import Progress
from bot.channels.telegram.limits import RecentKeys, SendLimits
from bot.channels.telegram.rendering import (
    MAX_MESSAGE_UNITS,
    StyledText,
    render_markdown,
    render_progress,
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
from dialogue.events import Accepted, Answered, Event, Failed, Queued, Rewritten, Token, Writing
from dialogue.manager import Manager
from dialogue.voice import Wording

UNFINISHED_MARK = " …"
"""Appended to a message that is not complete yet."""


class PreviewSurface(Protocol):
    message: int | None
    """The id of the preview's message in the chat, if there is one."""
    shows_progress: bool
    """Whether it is seen before the first word of the answer."""

    def ready(self) -> bool:
        """Whether Telegram's rate limits allow an update now."""

    async def show(self, text: StyledText) -> None:
        """Show what there is so far. Raises TelegramError."""


class DraftPreview:
    """Telegram's own preview for private chats (Bot API, sendMessageDraft).

    It disappears when the answer arrives or after 30 seconds, so there is nothing to clean up. `number` tells the
    drafts of a chat apart and must not be 0.
    """

    message: int | None = None
    shows_progress = True

    def __init__(self, bot: Bot, thread: ChatThread, number: int) -> None:
        self._bot = bot
        self._thread = thread
        self._number = number

    def ready(self) -> bool:
        return True

    async def show(self, text: StyledText) -> None:
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

    shows_progress = False

    def __init__(self, bot: Bot, thread: ChatThread, limits: SendLimits, reply_to: int | None) -> None:
        self.message: int | None = None
        self._bot = bot
        self._thread = thread
        self._limits = limits
        self._reply_to = reply_to

    def ready(self) -> bool:
        return self._limits.wait(self._thread.chat_id, messages=2) == 0

    async def show(self, text: StyledText) -> None:
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


def _beginning(text: StyledText, end: str = "") -> MessagePart:
    """As much of `text` as fits into one message together with `end`."""
    first, *_ = split_text(text, MAX_MESSAGE_UNITS - utf16_length(end))
    return (first + StyledText(end)).message


CLOSE_TIMEOUT = 5.0
"""Seconds that an answer waits for a preview call in progress."""

log = structlog.get_logger(__name__)


class Preview:
    """The preview of the answer to the user's turn `question`, updated at most every `interval` seconds.

    Until the first token it shows `progress`, if the surface does. A closed preview is never updated, so that it cannot
    overwrite the answer.
    """

    def __init__(self, surface: PreviewSurface, question: int, interval: float, progress: Progress) -> None:
        self.started = asyncio.Event()
        """Set when the first token arrives."""
        self.delivered = asyncio.Event()
        """Set when the answer has been delivered."""
        self.refused = False
        """Telegram does not allow this kind of preview in this chat."""
        self._surface = surface
        self._question = question
        self._interval = interval
        self._progress = progress
        self._text = ""
        self._next_update = -math.inf
        self._closed = False
        self._lock = asyncio.Lock()

    async def watch(self, events: AsyncIterator[Event]) -> None:
        """Follow the answer until it is committed. A new attempt starts over."""
        async for event in events:
            if isinstance(event, Answered):
                if event.reply_to == self._question:
                    return
            elif not isinstance(event, Accepted) and event.turn == self._question:
                await self._see(event)

    async def _see(self, event: Event) -> None:
        """What was found is shown together with how long it takes, which is published right after it."""
        self._progress.see(event)
        match event:
            case Rewritten() | Failed():
                self._text = ""
            case Token():
                self.started.set()
                self._text += event.text
        if isinstance(event, Queued | Writing | Token):
            await self.update()

    async def close(self) -> int | None:
        """Stop updating; returns the id of the preview's message, if there is one."""
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT), self._lock:
                pass
        return self._surface.message

    async def update(self) -> None:
        """Show what there is so far, if it is time and the rate limits allow it."""
        async with self._lock:
            if time.monotonic() < self._next_update or self._closed or not self._surface.ready():
                return
            text = self._content()
            if text.text.strip():
                pause = await self._show(text)
                self._next_update = time.monotonic() + pause

    def _content(self) -> StyledText:
        if self._text.strip():
            return render_markdown(self._text)
        return render_progress(self._progress) if self._surface.shows_progress else StyledText("")

    async def _show(self, text: StyledText) -> float:
        """Returns the seconds until the next update."""
        try:
            await self._surface.show(text)
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

    def follow(self, manager: Manager, thread: ChatThread, receipt: Receipt, wording: Wording) -> None:
        """Start to show the answer to the turn that was just received. wording: in the person's language."""
        task = asyncio.create_task(self._follow(manager, thread, receipt, Progress(wording)))
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

    async def _follow(
        self, manager: Manager, thread: ChatThread, receipt: Receipt, progress: Progress
    ) -> None:
        key = conversation, question = receipt.conversation.id, receipt.turn.number
        surface = self._surface(thread, receipt)
        preview = self._previews[key] = Preview(surface, question, self._interval, progress)
        typing = asyncio.create_task(self._show_typing(thread, preview))
        try:
            with manager.listen(conversation, replay=True) as events:
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
        """Show "typing" until the first token arrives, and every time the seconds that are left by then."""
        for _ in range(MAX_TYPING):
            with suppress(TelegramError):
                await self._bot.send_chat_action(
                    thread.chat_id, ChatAction.TYPING, message_thread_id=thread.thread_id
                )
            with suppress(TimeoutError):
                await asyncio.wait_for(preview.started.wait(), TYPING_INTERVAL)
                return
            await preview.update()

    async def _clean_up(self, thread: ChatThread, preview: Preview) -> None:
        """Remember chats that do not allow drafts, and delete a message that no answer will replace."""
        if preview.refused:
            self._without_drafts.add(thread.chat_id)
        message = await preview.close()
        if message is not None and not preview.delivered.is_set():
            with suppress(TelegramError):
                await self._bot.delete_message(thread.chat_id, message)
