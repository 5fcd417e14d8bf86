"""Sends answers from the outbox to a chat, part by part and within Telegram's rate limits.

A call that timed out may have succeeded. The part is then sent again, since a duplicate is better than a loss. A
preview message becomes the first part by an edit, which is safe to repeat.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram import Bot, InlineKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, InvalidToken, RetryAfter

from bot.channels.telegram.limits import SendLimits
from bot.channels.telegram.previews import Previews
from bot.channels.telegram.sending import (
    PERMANENT_ERRORS,
    MessagePart,
    describe,
    edit_text,
    retry_seconds,
    send_text,
)
from bot.channels.telegram.updates import ChatThread, RatedTurn
from dialogue.conversation import OutboxMessage
from dialogue.delivery import Postponed, ReportProgress, Undeliverable

MAX_LIMIT_WAIT = 5.0
"""Seconds to wait for the rate limits here; if it takes longer, the message goes back to the outbox."""
BAD_TOKEN_PAUSE = 60.0
"""Seconds before a rejected token is tried again."""


class Delivery:
    """Sends outbox messages. `previews` knows the messages in the chat that show an unfinished answer."""

    def __init__(self, bot: Bot, limits: SendLimits, previews: Previews) -> None:
        self._bot = bot
        self._limits = limits
        self._previews = previews

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        """Raises Postponed, Undeliverable, or the library's NetworkError, after which the outbox retries."""
        thread = ChatThread.from_account(outgoing.address.account)
        preview = await self._previews.close(outgoing.conversation, outgoing.payload["question"])
        async with self._translate_errors(thread):
            try:
                await self._send(outgoing, thread, preview, report_progress)
            except ChatMigrated as migration:
                await self._send(outgoing, ChatThread(migration.new_chat_id), None, report_progress)
        self._previews.mark_delivered(outgoing.conversation, outgoing.payload["question"])

    async def _send(
        self,
        outgoing: OutboxMessage,
        thread: ChatThread,
        preview: int | None,
        report_progress: ReportProgress,
    ) -> None:
        parts = outgoing.payload["parts"]
        for number in range(outgoing.progress, len(parts)):
            await self._wait_for_limits(thread)
            last = number + 1 == len(parts)
            buttons = _rating_buttons(outgoing) if last else None
            if preview is None or number > 0:
                await self._send_part(outgoing, thread, number, buttons)
            else:
                await self._edit_preview(outgoing, thread, preview, buttons)
            if not last:
                await report_progress(number + 1)

    async def _wait_for_limits(self, thread: ChatThread) -> None:
        wait = self._limits.wait(thread.chat_id)
        if wait > MAX_LIMIT_WAIT:
            raise Postponed(wait, "Telegram's rate limits for this chat")
        await self._limits.acquire(thread.chat_id)

    async def _edit_preview(
        self, outgoing: OutboxMessage, thread: ChatThread, preview: int, buttons: InlineKeyboardMarkup | None
    ) -> None:
        try:
            await edit_text(self._bot, thread, preview, outgoing.payload["parts"][0], buttons)
        except BadRequest:
            await self._send_part(outgoing, thread, 0, buttons)

    async def _send_part(
        self, outgoing: OutboxMessage, thread: ChatThread, number: int, buttons: InlineKeyboardMarkup | None
    ) -> None:
        part: MessagePart = outgoing.payload["parts"][number]
        reply_to = None if thread.private or number > 0 else outgoing.payload["reply_to"]
        try:
            await send_text(self._bot, thread, part, reply_to, buttons)
        except BadRequest as error:
            if "entit" not in str(error).lower():
                raise
            await send_text(self._bot, thread, {"text": part["text"], "entities": []}, reply_to, buttons)

    @asynccontextmanager
    async def _translate_errors(self, thread: ChatThread) -> AsyncIterator[None]:
        """Telegram's errors as the outbox understands them."""
        try:
            yield
        except RetryAfter as error:
            self._limits.pause(thread.chat_id, retry_seconds(error))
            raise Postponed(retry_seconds(error), describe(error)) from error
        except InvalidToken as error:
            raise Postponed(BAD_TOKEN_PAUSE, describe(error)) from error
        except PERMANENT_ERRORS as error:
            raise Undeliverable(describe(error)) from error


def _rating_buttons(outgoing: OutboxMessage) -> InlineKeyboardMarkup | None:
    return RatedTurn(outgoing.conversation, outgoing.turn).buttons() if outgoing.payload["rateable"] else None
