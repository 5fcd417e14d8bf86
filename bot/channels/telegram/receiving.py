"""Receives updates by long polling or by webhook, and confirms each only after its effects are committed (I2).

python-telegram-bot's own Updater confirms updates that are merely in memory, which is why it is not used here.
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

from bot.channels.telegram.sending import describe, retry_seconds
from bot.channels.telegram.updates import ALLOWED_UPDATES, sanitize_update
from bot.errors import SettingsError
from dialogue.errors import StoreUnavailable

POLL_TIMEOUT = 30
"""Seconds that Telegram holds a poll open."""
UPDATE_TIMEOUT = 30.0
"""Seconds to process one update; after that it is retried, and other chats go on."""
UPDATE_TRIES = 3
"""Attempts at an update that raises an unexpected error; then it is skipped for the sake of those behind it."""
FIRST_PAUSE, MAX_PAUSE = 1.0, 60.0

CONFLICT = "Another process uses this bot token. Stop it, or give all processes TELEGRAM_WEBHOOK_URL."

ReceiveUpdate = Callable[[Update], Awaitable[None]]

log = structlog.get_logger(__name__)


class Poller:
    """Polls for updates and passes them to `receive` until cancelled. Errors make it pause, never stop."""

    def __init__(self, bot: Bot, receive: ReceiveUpdate, first_pause: float = FIRST_PAUSE) -> None:
        self._bot = bot
        self._receive = receive
        self._first_pause = first_pause
        self._pause = first_pause
        self._offset: int | None = None
        self._failures: Counter[int] = Counter()

    async def run(self) -> None:
        while True:
            try:
                updates = await self._bot.get_updates(
                    self._offset, timeout=POLL_TIMEOUT, allowed_updates=ALLOWED_UPDATES
                )
            except RetryAfter as error:
                await asyncio.sleep(retry_seconds(error))
            except Exception as error:
                self._report(error)
                await self._back_off()
            else:
                await self._receive_all(updates)

    def _report(self, error: Exception) -> None:
        if not isinstance(error, TelegramError):
            log.exception("polling_failed")
            return
        reason = f"{CONFLICT} ({error})" if isinstance(error, Conflict) else describe(error)
        log.warning("polling_failed", reason=reason, retry_in=self._pause)

    async def _receive_all(self, updates: Sequence[Update]) -> None:
        """Chats in parallel. The offset moves up to the first update that could not be stored."""
        chats: defaultdict[int | None, list[Update]] = defaultdict(list)
        for update in updates:
            chats[update.effective_chat.id if update.effective_chat else None].append(update)
        left = [n for chat in await asyncio.gather(*map(self._receive_chat, chats.values())) for n in chat]
        if updates:
            self._offset = min(left, default=updates[-1].update_id + 1)
        if left:
            await self._back_off()
        else:
            self._pause = self._first_pause

    async def _receive_chat(self, updates: Sequence[Update]) -> list[int]:
        """One chat's updates in order; returns the numbers from the first that failed on."""
        for position, update in enumerate(updates):
            if not await self._done(update):
                return [update.update_id for update in updates[position:]]
        return []

    async def _done(self, update: Update) -> bool:
        number = update.update_id
        try:
            async with asyncio.timeout(UPDATE_TIMEOUT):
                await self._receive(update)
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("update_not_stored", update=number, reason=str(error) or "timeout")
            return False
        except Exception:
            self._failures[number] += 1
            log.exception("update_failed", update=number, tries=self._failures[number])
            if self._failures[number] < UPDATE_TRIES:
                return False
        del self._failures[number]
        return True

    async def _back_off(self) -> None:
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, MAX_PAUSE)


PATH = "/telegram/webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
WEBHOOK_TIMEOUT = 20.0
"""Seconds to process one update; after that, Telegram is asked to post it again."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram posts updates, and the secret that it sends along. Raises SettingsError for an invalid secret."""

    url: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not SECRET.fullmatch(self.secret):
            raise SettingsError(
                "TELEGRAM_WEBHOOK_URL needs a TELEGRAM_WEBHOOK_SECRET of 1 to 256 letters, digits, _ or -. "
                'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            )


def webhook_router(secret: str, receive: ReceiveUpdate) -> APIRouter:
    """POST /telegram/webhook: 403 without the secret, 400 if it is not an update, 503 if it cannot be stored now."""
    router = APIRouter()

    @router.post(PATH, include_in_schema=False)
    async def webhook(request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get(HEADER, "").encode(), secret.encode()):
            return Response(status_code=status.HTTP_403_FORBIDDEN)
        try:
            update = Update.de_json(sanitize_update(await request.json()))
        except (ValueError, TypeError, KeyError):
            return Response(status_code=status.HTTP_400_BAD_REQUEST)
        return await _response(update, receive)

    return router


async def _response(update: Update, receive: ReceiveUpdate) -> Response:
    try:
        async with asyncio.timeout(WEBHOOK_TIMEOUT):
            await receive(update)
    except (StoreUnavailable, TimeoutError) as error:
        reason = str(error) or "timeout"
        log.warning("update_not_stored", update=update.update_id, reason=reason)
        return Response(status_code=status.HTTP_503_SERVICE_UNAVAILABLE)
    return Response()
