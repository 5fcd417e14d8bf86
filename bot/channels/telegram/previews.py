"""Shows answers while they are made. What counts is the outbox: a preview that fails or lags costs nothing.

Knows the manager's events and when to show them; `surfaces` know how.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import structlog
from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import BadRequest, InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram.limits import Limits
from bot.channels.telegram.places import Place
from bot.channels.telegram.posting import explained, seconds
from bot.channels.telegram.surfaces import Draft, Growing, Surface
from dialogue.conversation import Receipt
from dialogue.events import Answered, Event, Failed, Rewritten, Token
from dialogue.manager import Manager

INTERVAL = 1.0
"""Seconds between two looks at what has been said since."""
TYPING = 4.5
"""Telegram shows a chat action for five seconds."""
LONGEST_ANSWER = 600.0
LAST_LOOK = 5.0
"""Seconds that an answer waits for its own preview, which Telegram may be slow to take."""
LEFT_OVER = 60.0
"""Seconds after which a preview is taken back: another process delivered its answer."""

log = structlog.get_logger(__name__)


class Preview:
    """One answer in the making. Once closed it shows nothing more, so that it cannot overwrite the answer."""

    def __init__(self, surface: Surface) -> None:
        self.settled = asyncio.Event()
        self._surface = surface
        self._closed = False
        self._showing = asyncio.Lock()

    async def show(self, text: str) -> bool:
        """Whether there was room for it. Raises TelegramError."""
        async with self._showing:
            if self._closed or not self._surface.ready():
                return False
            await self._surface.show(text)
            return True

    async def close(self) -> int | None:
        """The message that stands in the chat, when nothing more will be written into it."""
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_LOOK), self._showing:
                pass
        return self._surface.message


class Previews:
    """The answers in the making in this process, by conversation and number of the user's turn."""

    def __init__(self, bot: Bot, limits: Limits, interval: float = INTERVAL) -> None:
        self._bot = bot
        self._limits = limits
        self._interval = interval
        self._drafts = True
        self._previews: dict[tuple[str, int], Preview] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, manager: Manager, place: Place, receipt: Receipt) -> None:
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

    async def _follow(self, manager: Manager, place: Place, receipt: Receipt) -> None:
        key = (receipt.conversation.id, receipt.turn.number)
        preview = self._previews[key] = Preview(self._surface(place, receipt))
        typing = asyncio.create_task(self._type(place))
        try:
            with manager.listen(receipt.conversation.id) as events:
                async with asyncio.timeout(LONGEST_ANSWER):
                    await self._show(preview, place, events, receipt.turn.number, typing)
            async with asyncio.timeout(LEFT_OVER):
                await preview.settled.wait()
        except TimeoutError:
            log.info("preview_left_over", conversation=receipt.conversation.id)
        except Exception:
            log.exception("preview_failed", conversation=receipt.conversation.id)
        finally:
            typing.cancel()
            self._previews.pop(key, None)
            if not preview.settled.is_set():
                await self._take_back(place, await preview.close())

    def _surface(self, place: Place, receipt: Receipt) -> Surface:
        if place.private and self._drafts:
            return Draft(self._bot, place, receipt.turn.number)
        asked = receipt.turn.reference
        return Growing(self._bot, place, self._limits, int(asked) if asked and not place.private else None)

    async def _type(self, place: Place) -> None:
        while True:
            with suppress(TelegramError):
                await self._bot.send_chat_action(
                    place.chat, ChatAction.TYPING, message_thread_id=place.thread
                )
            await asyncio.sleep(TYPING)

    async def _show(
        self,
        preview: Preview,
        place: Place,
        events: AsyncIterator[Event],
        question: int,
        typing: asyncio.Task[None],
    ) -> None:
        """Until the answer is committed. An answer that is begun anew is shown from its beginning."""
        said, due = "", -math.inf
        async for event in events:
            match event:
                case Rewritten(turn=number) | Failed(turn=number) if number == question:
                    said = ""
                case Token(turn=number, text=text) if number == question:
                    typing.cancel()
                    said += text
                    if said.strip() and time.monotonic() >= due:
                        due = time.monotonic() + await self._attempt(preview, place, said)
                case Answered(reply_to=number) if number == question:
                    return

    async def _attempt(self, preview: Preview, place: Place, text: str) -> float:
        """Show `text`; seconds until it is worth another try."""
        try:
            return self._interval if await preview.show(text) else 0.0
        except RetryAfter as error:
            self._limits.hold(place.chat, seconds(error))
            return seconds(error)
        except (BadRequest, InvalidToken) as error:
            self._drafts = False
            log.warning("drafts_refused", reason=error.message)
        except TelegramError as error:
            log.info("preview_not_shown", reason=explained(error))
        return math.inf

    async def _take_back(self, place: Place, message: int | None) -> None:
        if message is not None:
            with suppress(TelegramError):
                await self._bot.delete_message(place.chat, message)
