"""What the bot says that is no answer: greetings, refusals, thanks. Tried a few times, then let go.

Nothing waits for a notice, so a slow Telegram never holds up what people say.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial

import structlog
from telegram import Bot
from telegram.error import RetryAfter, TelegramError

from bot.channels.telegram.limits import Limits
from bot.channels.telegram.places import Place
from bot.channels.telegram.posting import FINAL, Markup, amend, explained, post, seconds
from bot.channels.telegram.texts import Styled

TRIES = 4
FAREWELL = 3.0
"""Seconds that notices under way get when the bot stops."""

Call = Callable[[], Awaitable[object]]

log = structlog.get_logger(__name__)


class Notices:
    """Says things at Telegram's pace."""

    def __init__(self, bot: Bot, limits: Limits, pause: float = 1.0) -> None:
        self._bot = bot
        self._limits = limits
        self._pause = pause
        self._tasks: set[asyncio.Task[None]] = set()

    def say(
        self, place: Place, text: str | Styled, reply_to: int | None = None, markup: Markup = None
    ) -> None:
        """A message of its own, in reply to another or not."""
        message = (text if isinstance(text, Styled) else Styled(text)).message
        self._begin(self._paced(place, partial(post, self._bot, place, message, reply_to, markup)))

    def replace(self, place: Place, message: int, text: str) -> None:
        """Other words, and no buttons, in a message of the bot."""
        self._begin(self._paced(place, partial(amend, self._bot, place, message, Styled(text).message)))

    def take_back(self, place: Place, message: int) -> None:
        self._begin(self._insist(partial(self._bot.delete_message, place.chat, message)))

    def acknowledge(self, press: str, text: str | None = None) -> None:
        """Ends the waiting sign of a pressed button, with a few words on top of the chat."""
        self._begin(self._insist(partial(self._bot.answer_callback_query, press, text)))

    async def stop(self) -> None:
        """Let what is under way end, for a moment."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=FAREWELL)
            for task in late:
                task.cancel()

    def _begin(self, saying: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(saying)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _paced(self, place: Place, call: Call) -> None:
        await self._limits.book(place.chat)
        await self._insist(call)

    async def _insist(self, call: Call) -> None:
        for attempt in range(TRIES):
            try:
                await call()
                return
            except FINAL as error:
                log.info("notice_refused", reason=explained(error))
                return
            except TelegramError as error:
                wait = seconds(error) if isinstance(error, RetryAfter) else self._pause * 2**attempt
                log.info("notice_not_sent", reason=explained(error), again_in=wait)
                await asyncio.sleep(wait)
