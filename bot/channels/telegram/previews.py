"""The answers that this process is making for people on Telegram: who sees them grow, and what is left of them."""

import asyncio
from contextlib import suppress

import structlog
from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.channels.telegram.limits import Limits
from bot.channels.telegram.places import Place
from bot.channels.telegram.preview import Preview
from bot.channels.telegram.recent import Recent
from bot.channels.telegram.surfaces import Draft, Growing, Surface
from dialogue.conversation import Receipt
from dialogue.manager import Manager

INTERVAL = 1.0
"""Seconds between two looks at an answer."""
TYPING, TIMES_TYPING = 4.5, 20
"""Telegram shows a chat action for five seconds; after so many the answer is another process's, or a long way off."""
LONGEST_ANSWER = 600.0
LEFT_OVER = 60.0
"""Seconds after which a preview is taken back: another process delivered its answer."""

log = structlog.get_logger(__name__)


class Previews:
    """By conversation and number of the user's turn."""

    def __init__(self, bot: Bot, limits: Limits, interval: float = INTERVAL) -> None:
        self._bot = bot
        self._limits = limits
        self._interval = interval
        self._draftless = Recent()
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

    def _surface(self, place: Place, receipt: Receipt) -> Surface:
        if place.private and place.chat not in self._draftless:
            return Draft(self._bot, place, receipt.turn.number)
        asked = receipt.turn.reference
        return Growing(self._bot, place, self._limits, int(asked) if asked and not place.private else None)

    async def _type(self, place: Place, preview: Preview) -> None:
        """Says that the bot is typing until the first words are there."""
        for _ in range(TIMES_TYPING):
            with suppress(TelegramError):
                await self._bot.send_chat_action(
                    place.chat, ChatAction.TYPING, message_thread_id=place.thread
                )
            with suppress(TimeoutError):
                await asyncio.wait_for(preview.begun.wait(), TYPING)
                return

    async def _tidy(self, place: Place, preview: Preview) -> None:
        """Learns where drafts are refused, and takes back what no answer will replace."""
        if preview.refused:
            self._draftless.note(place.chat)
        message = await preview.close()
        if message is not None and not preview.settled.is_set():
            with suppress(TelegramError):
                await self._bot.delete_message(place.chat, message)
