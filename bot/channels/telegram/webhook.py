"""Updates that Telegram posts to us: 200 only after one is taken in for good (I2), else it posts it again."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, Request, Response, status
from telegram import Update

from bot.channels.telegram.updates import legible
from bot.errors import SettingsError
from dialogue.errors import StoreUnavailable

PATH = "/telegram/webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
SLOWEST = 20.0
"""Seconds for taking in one update before Telegram is asked to post it again."""

Take = Callable[[Update], Awaitable[None]]

log = structlog.get_logger(__name__)


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


def webhook_router(secret: str, take: Take) -> APIRouter:
    """POST /telegram/webhook: 403 without the secret, 400 for no update, 503 when it cannot be stored now."""
    router = APIRouter()

    @router.post(PATH, include_in_schema=False)
    async def webhook(request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get(HEADER, "").encode(), secret.encode()):
            return Response(status_code=status.HTTP_403_FORBIDDEN)
        try:
            update = Update.de_json(legible(await request.json()))
        except (ValueError, TypeError, KeyError):
            return Response(status_code=status.HTTP_400_BAD_REQUEST)
        return await _stored(update, take)

    return router


async def _stored(update: Update, take: Take) -> Response:
    try:
        async with asyncio.timeout(SLOWEST):
            await take(update)
    except (StoreUnavailable, TimeoutError) as error:
        reason = str(error) or "time-out"
        log.warning("update_not_stored", update=update.update_id, reason=reason)
        return Response(status_code=status.HTTP_503_SERVICE_UNAVAILABLE)
    return Response()
