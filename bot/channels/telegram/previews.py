"""Where an answer in the making is shown: a draft in a private chat, a message that is edited elsewhere."""

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
from bot.channels.telegram.rendering import MAX_MESSAGE_UNITS, StyledText, render_markdown, split_text, width
from bot.channels.telegram.sending import (
    FINAL,
    UNKNOWN,
    MessagePart,
    edit_text,
    entities,
    explained,
    seconds,
    send_text,
)
from bot.channels.telegram.updates import ChatThread
from dialogue.conversation import Receipt
from dialogue.events import Answered, Event, Failed, Rewritten, Token
from dialogue.manager import Manager

UNFINISHED_MARK = " …"
"""Ends a message that still grows."""


class PreviewSurface(Protocol):
    message: int | None
    """The message that stands in the chat, if one does."""

    def ready(self) -> bool:
        """Whether Telegram's limits allow to show something now."""

    async def show(self, text: str) -> None:
        """Show all that has been said so far (Markdown). Raises TelegramError."""


class DraftPreview:
    """Telegram's own preview (Bot API, sendMessageDraft), for private chats.

    It vanishes when the answer comes or after 30 seconds, so nothing is ever left behind. `number` is not 0
    and tells the drafts of a chat apart.
    """

    message: int | None = None

    def __init__(self, bot: Bot, place: ChatThread, number: int) -> None:
        self._bot = bot
        self._place = place
        self._number = number

    def ready(self) -> bool:
        return True

    async def show(self, text: str) -> None:
        part = _beginning(text)
        await self._bot.send_message_draft(
            self._place.chat,
            self._number,
            part["text"],
            message_thread_id=self._place.thread,
            entities=entities(part),
        )


class EditedPreview:
    """A message that grows by edits; they count against the chat's limits, so room is left for the answer."""

    def __init__(self, bot: Bot, place: ChatThread, limits: SendLimits, reply_to: int | None) -> None:
        self.message: int | None = None
        self._bot = bot
        self._place = place
        self._limits = limits
        self._reply_to = reply_to

    def ready(self) -> bool:
        return self._limits.wait(self._place.chat, messages=2) == 0

    async def show(self, text: str) -> None:
        await self._limits.book(self._place.chat)
        try:
            await self._write(_beginning(text, UNFINISHED_MARK))
        except RetryAfter as error:
            self._limits.hold(self._place.chat, seconds(error))
            raise

    async def _write(self, part: MessagePart) -> None:
        if self.message is None:
            self.message = await send_text(self._bot, self._place, part, self._reply_to)
        else:
            await edit_text(self._bot, self._place, self.message, part)


def _beginning(text: str, end: str = "") -> MessagePart:
    """What of `text` fits one message, and `end` after it."""
    first, *_ = split_text(render_markdown(text), MAX_MESSAGE_UNITS - width(end))
    return (first + StyledText(end)).message


LAST_LOOK = 5.0
"""Seconds that an answer waits for its own preview, which Telegram may be slow to take."""

log = structlog.get_logger(__name__)


class Preview:
    """The answer to the user's turn `question`, shown at most every `interval` seconds.

    Once closed it shows nothing more, so that it cannot overwrite the answer.
    """

    def __init__(self, surface: PreviewSurface, question: int, interval: float) -> None:
        self.begun = asyncio.Event()
        """The first words are there."""
        self.settled = asyncio.Event()
        """The answer has been delivered."""
        self.refused = False
        """Telegram does not take this surface in this chat."""
        self._surface = surface
        self._question = question
        self._interval = interval
        self._said = ""
        self._due = -math.inf
        self._closed = False
        self._showing = asyncio.Lock()

    async def watch(self, events: AsyncIterator[Event]) -> None:
        """Until the answer is committed. An answer that is begun anew is shown from its beginning."""
        async for event in events:
            match event:
                case Rewritten(turn=number) | Failed(turn=number) if number == self._question:
                    self._said = ""
                case Token(turn=number, text=text) if number == self._question:
                    self.begun.set()
                    self._said += text
                    await self._look()
                case Answered(reply_to=number) if number == self._question:
                    return

    async def close(self) -> int | None:
        """The message that stands in the chat, when nothing more will be written into it."""
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_LOOK), self._showing:
                pass
        return self._surface.message

    async def _look(self) -> None:
        """Show what has been said, if it is time and there is room."""
        async with self._showing:
            early = time.monotonic() < self._due or not self._said.strip()
            if early or self._closed or not self._surface.ready():
                return
            pause = await self._show()
            self._due = time.monotonic() + pause

    async def _show(self) -> float:
        """Seconds until it is worth another try."""
        try:
            await self._surface.show(self._said)
        except RetryAfter as error:
            return seconds(error)
        except TelegramError as error:
            log.info("preview_not_shown", reason=explained(error))
            self.refused = isinstance(error, (*FINAL, UNKNOWN))
            return math.inf
        return self._interval


INTERVAL = 1.0
"""Seconds between two looks at an answer."""
TYPING, TIMES_TYPING = 4.5, 20
"""Telegram shows a chat action for five seconds; after so many the answer is another process's, or a long way off."""
LONGEST_ANSWER = 600.0
LEFT_OVER = 60.0
"""Seconds after which a preview is taken back: another process delivered its answer."""


class Previews:
    """By conversation and number of the user's turn."""

    def __init__(self, bot: Bot, limits: SendLimits, interval: float = INTERVAL) -> None:
        self._bot = bot
        self._limits = limits
        self._interval = interval
        self._draftless = RecentKeys()
        self._previews: dict[tuple[str, int], Preview] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, manager: Manager, place: ChatThread, receipt: Receipt) -> None:
        """Show the answer to the turn that was just received, as it is made."""
        task = asyncio.create_task(self._follow(manager, place, receipt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, conversation: str, question: int) -> int | None:
        """Show no more of this answer; the message that stands for it, if there is one."""
        preview = self._previews.get((conversation, question))
        return await preview.close() if preview else None

    def settle(self, conversation: str, question: int) -> None:
        """The answer has been delivered."""
        if preview := self._previews.pop((conversation, question), None):
            preview.settled.set()

    async def stop(self) -> None:
        """Follow nothing any more; messages that only half an answer stands in are taken back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, manager: Manager, place: ChatThread, receipt: Receipt) -> None:
        key = conversation, question = receipt.conversation.id, receipt.turn.number
        preview = self._previews[key] = Preview(self._surface(place, receipt), question, self._interval)
        typing = asyncio.create_task(self._type(place, preview))
        try:
            with manager.listen(conversation) as events:
                async with asyncio.timeout(LONGEST_ANSWER):
                    await preview.watch(events)
            async with asyncio.timeout(LEFT_OVER):
                await preview.settled.wait()
        except TimeoutError:
            log.info("preview_left_over", conversation=conversation, turn=question)
        except Exception:
            log.exception("preview_failed", conversation=conversation, turn=question)
        finally:
            typing.cancel()
            self._previews.pop(key, None)
            await self._tidy(place, preview)

    def _surface(self, place: ChatThread, receipt: Receipt) -> PreviewSurface:
        if place.private and place.chat not in self._draftless:
            return DraftPreview(self._bot, place, receipt.turn.number)
        asked = receipt.turn.reference
        return EditedPreview(
            self._bot, place, self._limits, int(asked) if asked and not place.private else None
        )

    async def _type(self, place: ChatThread, preview: Preview) -> None:
        """Says that the bot is typing until the first words are there."""
        for _ in range(TIMES_TYPING):
            with suppress(TelegramError):
                await self._bot.send_chat_action(
                    place.chat, ChatAction.TYPING, message_thread_id=place.thread
                )
            with suppress(TimeoutError):
                await asyncio.wait_for(preview.begun.wait(), TYPING)
                return

    async def _tidy(self, place: ChatThread, preview: Preview) -> None:
        """Learns where drafts are refused, and takes back what no answer will replace."""
        if preview.refused:
            self._draftless.note(place.chat)
        message = await preview.close()
        if message is not None and not preview.settled.is_set():
            with suppress(TelegramError):
                await self._bot.delete_message(place.chat, message)
