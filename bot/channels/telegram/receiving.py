"""Long polling. An update is confirmed, by asking for the next one, only after it was taken in for good (I2).

The library's own Updater confirms what it has put into memory; hence this loop.
"""

import asyncio
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, Request, Response, status
from telegram import Bot, Update
from telegram.error import Conflict, RetryAfter, TelegramError

from bot.channels.telegram.sending import explained, seconds
from bot.channels.telegram.updates import ALLOWED, readable_update
from bot.errors import SettingsError
from dialogue.errors import StoreUnavailable

POLL_TIMEOUT = 30
"""Seconds that Telegram holds a poll open."""
UPDATE_TIMEOUT = 30.0
"""Seconds for taking in one update; then it is taken up again, and other chats go on."""
UPDATE_TRIES = 3
"""How often an update that our own fault stops is tried before it is let go, for the others' sake."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0

CONFLICT = "Another process uses this bot token. Stop it, or give all processes TELEGRAM_WEBHOOK_URL."

TakeUpdate = Callable[[Update], Awaitable[None]]

log = structlog.get_logger(__name__)


class Poller:
    """Asks for updates and gives them to `take`, until cancelled. Trouble makes it pause, never end."""

    def __init__(self, bot: Bot, take: TakeUpdate, first_wait: float = FIRST_WAIT) -> None:
        self._bot = bot
        self._take = take
        self._first_wait = first_wait
        self._pause = first_wait
        self._offset: int | None = None
        self._faults: Counter[int] = Counter()

    async def run(self) -> None:
        while True:
            try:
                updates = await self._bot.get_updates(
                    self._offset, timeout=POLL_TIMEOUT, allowed_updates=ALLOWED
                )
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
            async with asyncio.timeout(UPDATE_TIMEOUT):
                await self._take(update)
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("update_not_stored", update=number, reason=str(error) or "time-out")
            return False
        except Exception:
            self._faults[number] += 1
            log.exception("update_failed", update=number, tries=self._faults[number])
            if self._faults[number] < UPDATE_TRIES:
                return False
        del self._faults[number]
        return True

    async def _back_off(self) -> None:
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_WAIT)


PATH = "/telegram/webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
WEBHOOK_TIMEOUT = 20.0
"""Seconds for taking in one update before Telegram is asked to post it again."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram posts updates, and the secret it sends along. Raises SettingsError for a bad secret."""

    url: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not SECRET.fullmatch(self.secret):
            raise SettingsError(
                "TELEGRAM_WEBHOOK_URL needs a TELEGRAM_WEBHOOK_SECRET of 1 to 256 letters, digits, _ or -. "
                'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            )


def webhook_router(secret: str, take: TakeUpdate) -> APIRouter:
    """POST /telegram/webhook: 403 without the secret, 400 for no update, 503 when it cannot be stored now."""
    router = APIRouter()

    @router.post(PATH, include_in_schema=False)
    async def webhook(request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get(HEADER, "").encode(), secret.encode()):
            return Response(status_code=status.HTTP_403_FORBIDDEN)
        try:
            update = Update.de_json(readable_update(await request.json()))
        except (ValueError, TypeError, KeyError):
            return Response(status_code=status.HTTP_400_BAD_REQUEST)
        return await _stored(update, take)

    return router


async def _stored(update: Update, take: TakeUpdate) -> Response:
    try:
        async with asyncio.timeout(WEBHOOK_TIMEOUT):
            await take(update)
    except (StoreUnavailable, TimeoutError) as error:
        reason = str(error) or "time-out"
        log.warning("update_not_stored", update=update.update_id, reason=reason)
        return Response(status_code=status.HTTP_503_SERVICE_UNAVAILABLE)
    return Response()
