"""Where an answer in the making is shown: a draft in a private chat, a message that is edited elsewhere."""

from typing import Protocol

from telegram import Bot
from telegram.error import RetryAfter

from bot.channels.telegram.limits import Limits
from bot.channels.telegram.markup import styled
from bot.channels.telegram.places import Place
from bot.channels.telegram.posting import Part, amend, entities, post, seconds
from bot.channels.telegram.texts import LONGEST, Styled, split, width

UNFINISHED = " …"
"""Ends a message that still grows."""


class Surface(Protocol):
    message: int | None
    """The message that stands in the chat, if one does."""

    def ready(self) -> bool:
        """Whether Telegram's limits allow to show something now."""

    async def show(self, text: str) -> None:
        """Show all that has been said so far (Markdown). Raises TelegramError."""


class Draft:
    """Telegram's own preview (Bot API, sendMessageDraft), for private chats.

    It vanishes when the answer comes or after 30 seconds, so nothing is ever left behind. `number` is not 0
    and tells the drafts of a chat apart.
    """

    message: int | None = None

    def __init__(self, bot: Bot, place: Place, number: int) -> None:
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


class Growing:
    """A message that grows by edits; they count against the chat's limits, so room is left for the answer."""

    def __init__(self, bot: Bot, place: Place, limits: Limits, reply_to: int | None) -> None:
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
            await self._write(_beginning(text, UNFINISHED))
        except RetryAfter as error:
            self._limits.hold(self._place.chat, seconds(error))
            raise

    async def _write(self, part: Part) -> None:
        if self.message is None:
            self.message = await post(self._bot, self._place, part, self._reply_to)
        else:
            await amend(self._bot, self._place, self.message, part)


def _beginning(text: str, end: str = "") -> Part:
    """What of `text` fits one message, and `end` after it."""
    first, *_ = split(styled(text), LONGEST - width(end))
    return (first + Styled(end)).message
