"""Brings an answer from the outbox into a chat: part by part, at Telegram's pace.

A call that Telegram did not answer may have been done. Then the part is sent again: twice in the chat is
better than never. A preview that stands there becomes the first part by an edit, which can be repeated.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram import Bot, InlineKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, InvalidToken, RetryAfter

from bot.channels.telegram.limits import SendLimits
from bot.channels.telegram.previews import Previews
from bot.channels.telegram.sending import FINAL, MessagePart, edit_text, explained, seconds, send_text
from bot.channels.telegram.updates import ChatThread, RatedTurn
from dialogue.conversation import OutboxMessage
from dialogue.delivery import Postponed, ReportProgress, Undeliverable

MAX_LIMIT_WAIT = 5.0
"""Seconds that a delivery waits for its turn in a chat; beyond, the message waits in the outbox."""
BAD_TOKEN_WAIT = 60.0
"""Seconds until a refused token is tried again."""


class Delivery:
    """Sends messages. `previews` knows the messages that stand in a chat for an answer in the making."""

    def __init__(self, bot: Bot, limits: SendLimits, previews: Previews) -> None:
        self._bot = bot
        self._limits = limits
        self._previews = previews

    async def send(self, outgoing: OutboxMessage, report_progress: ReportProgress) -> None:
        """Raises Postponed, Undeliverable, or the library's NetworkError, which is worth a retry."""
        place = ChatThread.of(outgoing.address.account)
        preview = await self._previews.close(outgoing.conversation, outgoing.payload["question"])
        async with self._outcomes(place):
            try:
                await self._send(outgoing, place, preview, report_progress)
            except ChatMigrated as migration:
                await self._send(outgoing, ChatThread(migration.new_chat_id), None, report_progress)
        self._previews.settle(outgoing.conversation, outgoing.payload["question"])

    async def _send(
        self, outgoing: OutboxMessage, place: ChatThread, preview: int | None, report_progress: ReportProgress
    ) -> None:
        parts = outgoing.payload["parts"]
        for number in range(outgoing.progress, len(parts)):
            await self._turn(place)
            last = number + 1 == len(parts)
            thumbs = _thumbs(outgoing) if last else None
            if preview is None or number > 0:
                await self._post(outgoing, place, number, thumbs)
            else:
                await self._replace(outgoing, place, preview, thumbs)
            if not last:
                await report_progress(number + 1)

    async def _turn(self, place: ChatThread) -> None:
        wait = self._limits.wait(place.chat)
        if wait > MAX_LIMIT_WAIT:
            raise Postponed(wait, "Telegram's limits for this chat")
        await self._limits.book(place.chat)

    async def _replace(
        self, outgoing: OutboxMessage, place: ChatThread, preview: int, thumbs: InlineKeyboardMarkup | None
    ) -> None:
        try:
            await edit_text(self._bot, place, preview, outgoing.payload["parts"][0], thumbs)
        except BadRequest:
            await self._post(outgoing, place, 0, thumbs)

    async def _post(
        self, outgoing: OutboxMessage, place: ChatThread, number: int, thumbs: InlineKeyboardMarkup | None
    ) -> None:
        part: MessagePart = outgoing.payload["parts"][number]
        reply_to = None if place.private or number > 0 else outgoing.payload["reply_to"]
        try:
            await send_text(self._bot, place, part, reply_to, thumbs)
        except BadRequest as error:
            if "entit" not in str(error).lower():
                raise
            await send_text(self._bot, place, {"text": part["text"], "entities": []}, reply_to, thumbs)

    @asynccontextmanager
    async def _outcomes(self, place: ChatThread) -> AsyncIterator[None]:
        """What Telegram's refusals mean for the outbox."""
        try:
            yield
        except RetryAfter as error:
            self._limits.hold(place.chat, seconds(error))
            raise Postponed(seconds(error), explained(error)) from error
        except InvalidToken as error:
            raise Postponed(BAD_TOKEN_WAIT, explained(error)) from error
        except FINAL as error:
            raise Undeliverable(explained(error)) from error


def _thumbs(outgoing: OutboxMessage) -> InlineKeyboardMarkup | None:
    return RatedTurn(outgoing.conversation, outgoing.turn).thumbs() if outgoing.payload["rateable"] else None
