"""One message to one place through python-telegram-bot, and what Telegram's refusals mean for the sender."""

import json
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from telegram import Bot, ForceReply, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity, ReplyParameters
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram.places import Place
from bot.channels.telegram.updates import legible

PREVIEWLESS = LinkPreviewOptions(is_disabled=True)
READ_SECONDS = 20.0
"""How long Telegram may take to answer a call. Generous: a call given up may have been done."""

FINAL = (Forbidden, BadRequest)
"""Refusals that stay: the person blocked the bot, the chat is gone, the text is not taken."""

UNKNOWN = InvalidToken
"""What the library makes of 404: of a method that an older Bot API server does not know."""

Part = Mapping[str, Any]
"""`text` and `entities`, as `letters` makes them."""
Markup = InlineKeyboardMarkup | ForceReply | None


class Lenient(HTTPXRequest):
    """The connection for polling: an update that the library cannot read comes through empty, and is passed."""

    async def do_request(self, *given: Any, **named: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(*given, **named)
        return code, _readable(payload) if code == HTTPStatus.OK else payload


def connect(token: str, base_url: str, read_seconds: float = READ_SECONDS) -> Bot:
    """A Bot that keeps connections for sending apart from the one that polls. Nothing is sent yet."""
    sending = HTTPXRequest(read_timeout=read_seconds, pool_timeout=read_seconds)
    polling = Lenient(connection_pool_size=2, read_timeout=read_seconds)
    return Bot(token, base_url=base_url, request=sending, get_updates_request=polling)


async def post(bot: Bot, place: Place, part: Part, reply_to: int | None = None, markup: Markup = None) -> int:
    """Send `part`; the id of the new message. `reply_to` is left out if that message is gone."""
    reply = None if reply_to is None else ReplyParameters(reply_to, allow_sending_without_reply=True)
    message = await bot.send_message(
        place.chat,
        part["text"],
        entities=entities(part),
        message_thread_id=place.thread,
        link_preview_options=PREVIEWLESS,
        reply_parameters=reply,
        reply_markup=markup,
    )
    return message.message_id


async def amend(
    bot: Bot, place: Place, message: int, part: Part, markup: InlineKeyboardMarkup | None = None
) -> None:
    """Give a message of the bot the text of `part`; that it has it already is no error."""
    try:
        await bot.edit_message_text(
            part["text"],
            place.chat,
            message,
            entities=entities(part),
            link_preview_options=PREVIEWLESS,
            reply_markup=markup,
        )
    except BadRequest as error:
        if "not modified" not in str(error).lower():
            raise


def seconds(error: RetryAfter) -> float:
    """How long Telegram asks to wait; the library is on its way from numbers to timedeltas."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def explained(error: TelegramError) -> str:
    """One line for the log and the outbox, with the remedy where there is one."""
    match error:
        case InvalidToken():
            return "Telegram does not know this bot token. Correct TELEGRAM_BOT_TOKEN."
        case _:
            return f"{type(error).__name__}: {error}"


def _readable(payload: bytes) -> bytes:
    """Telegram's response to getUpdates with legible updates; anything else as it is."""
    try:
        body = json.loads(payload)
        body["result"] = [legible(data) for data in body["result"]]
    except (ValueError, TypeError, KeyError):
        return payload
    return json.dumps(body).encode()


def entities(part: Part) -> list[MessageEntity]:
    """The part's styles as the library takes them."""
    return [MessageEntity(**entity) for entity in part["entities"]]
