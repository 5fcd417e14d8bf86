"""Long polling. An update is confirmed, by asking for the next one, only after it was taken in for good (I2).

The library's own Updater confirms what it has put into memory; hence this loop.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence

import structlog
from telegram import Bot, Update
from telegram.error import Conflict, RetryAfter, TelegramError

from bot.channels.telegram.posting import explained, seconds
from bot.channels.telegram.updates import ALLOWED
from dialogue.errors import StoreUnavailable

POLL = 30
"""Seconds that Telegram holds a poll open."""
SLOWEST = 30.0
"""Seconds for taking in one update; then it is taken up again, and other chats go on."""
TRIES = 3
"""How often an update that our own fault stops is tried before it is let go, for the others' sake."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0

CONFLICT = "Another process uses this bot token. Stop it, or give all processes TELEGRAM_WEBHOOK_URL."

Take = Callable[[Update], Awaitable[None]]

log = structlog.get_logger(__name__)


class Poller:
    """Asks for updates and gives them to `take`, until cancelled. Trouble makes it pause, never end."""

    def __init__(self, bot: Bot, take: Take, first_wait: float = FIRST_WAIT) -> None:
        self._bot = bot
        self._take = take
        self._first_wait = first_wait
        self._pause = first_wait
        self._offset: int | None = None
        self._faults: Counter[int] = Counter()

    async def run(self) -> None:
        while True:
            try:
                updates = await self._bot.get_updates(self._offset, timeout=POLL, allowed_updates=ALLOWED)
            except RetryAfter as error:
                await asyncio.sleep(seconds(error))
            except Exception as error:
                self._report(error)
                await self._back_off()
            else:
                await self._take_all(updates)

    def _report(self, error: Exception) -> None:
        if not isinstance(error, TelegramError):
            log.exception("polling_failed")
            return
        reason = f"{CONFLICT} ({error})" if isinstance(error, Conflict) else explained(error)
        log.warning("polling_failed", reason=reason, again_in=self._pause)

    async def _take_all(self, updates: Sequence[Update]) -> None:
        """Chats side by side. The offset moves up to the first update that could not be taken in."""
        chats: defaultdict[int | None, list[Update]] = defaultdict(list)
        for update in updates:
            chats[update.effective_chat.id if update.effective_chat else None].append(update)
        left = [n for chat in await asyncio.gather(*map(self._take_chat, chats.values())) for n in chat]
        if updates:
            self._offset = min(left, default=updates[-1].update_id + 1)
        if left:
            await self._back_off()
        else:
            self._pause = self._first_wait

    async def _take_chat(self, updates: Sequence[Update]) -> list[int]:
        """One chat's updates in order; the numbers of those that were left, from the first that failed on."""
        for position, update in enumerate(updates):
            if not await self._settled(update):
                return [update.update_id for update in updates[position:]]
        return []

    async def _settled(self, update: Update) -> bool:
        number = update.update_id
        try:
            async with asyncio.timeout(SLOWEST):
                await self._take(update)
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("update_not_stored", update=number, reason=str(error) or "time-out")
            return False
        except Exception:
            self._faults[number] += 1
            log.exception("update_failed", update=number, tries=self._faults[number])
            if self._faults[number] < TRIES:
                return False
        del self._faults[number]
        return True

    async def _back_off(self) -> None:
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_WAIT)
