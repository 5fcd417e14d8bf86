"""One answer in the making, shown now and then. What counts is the outbox: a preview that fails or lags costs nothing.

Knows the manager's events; its surface knows Telegram.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import structlog
from telegram.error import RetryAfter, TelegramError

from bot.channels.telegram.posting import FINAL, UNKNOWN, explained, seconds
from bot.channels.telegram.surfaces import Surface
from dialogue.events import Answered, Event, Failed, Rewritten, Token

LAST_LOOK = 5.0
"""Seconds that an answer waits for its own preview, which Telegram may be slow to take."""

log = structlog.get_logger(__name__)


class Preview:
    """The answer to the user's turn `question`, shown at most every `interval` seconds.

    Once closed it shows nothing more, so that it cannot overwrite the answer.
    """

    def __init__(self, surface: Surface, question: int, interval: float) -> None:
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
