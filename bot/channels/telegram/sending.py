"""One message to one place through python-telegram-bot, and what Telegram's refusals mean for the sender."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import structlog
from telegram import Bot, ForceReply, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity, ReplyParameters
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram.limits import SendLimits
from bot.channels.telegram.rendering import StyledText
from bot.channels.telegram.updates import ChatThread, readable_update

PREVIEWLESS = LinkPreviewOptions(is_disabled=True)
READ_SECONDS = 20.0
"""How long Telegram may take to answer a call. Generous: a call given up may have been done."""

FINAL = (Forbidden, BadRequest)
"""Refusals that stay: the person blocked the bot, the chat is gone, the text is not taken."""

UNKNOWN = InvalidToken
"""What the library makes of 404: of a method that an older Bot API server does not know."""

MessagePart = Mapping[str, Any]
"""`text` and `entities`, as `letters` makes them."""
Markup = InlineKeyboardMarkup | ForceReply | None


class LenientRequest(HTTPXRequest):
    """The connection for polling: an update that the library cannot read comes through empty, and is passed."""

    async def do_request(self, *given: Any, **named: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(*given, **named)
        return code, _with_readable_updates(payload) if code == HTTPStatus.OK else payload


def connect(token: str, base_url: str, read_seconds: float = READ_SECONDS) -> Bot:
    """A Bot that keeps connections for sending apart from the one that polls. Nothing is sent yet."""
    sending = HTTPXRequest(read_timeout=read_seconds, pool_timeout=read_seconds)
    polling = LenientRequest(connection_pool_size=2, read_timeout=read_seconds)
    return Bot(token, base_url=base_url, request=sending, get_updates_request=polling)


async def send_text(
    bot: Bot, place: ChatThread, part: MessagePart, reply_to: int | None = None, markup: Markup = None
) -> int:
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


async def edit_text(
    bot: Bot, place: ChatThread, message: int, part: MessagePart, markup: InlineKeyboardMarkup | None = None
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


def _with_readable_updates(payload: bytes) -> bytes:
    """Telegram's response to getUpdates with legible updates; anything else as it is."""
    try:
        body = json.loads(payload)
        body["result"] = [readable_update(data) for data in body["result"]]
    except (ValueError, TypeError, KeyError):
        return payload
    return json.dumps(body).encode()


def entities(part: MessagePart) -> list[MessageEntity]:
    """The part's styles as the library takes them."""
    return [MessageEntity(**entity) for entity in part["entities"]]


NOTICE_TRIES = 4
NOTICE_GRACE = 3.0
"""Seconds that notices under way get when the bot stops."""

Call = Callable[[], Awaitable[object]]

log = structlog.get_logger(__name__)


class NoticeSender:
    """Says things at Telegram's pace."""

    def __init__(self, bot: Bot, limits: SendLimits, pause: float = 1.0) -> None:
        self._bot = bot
        self._limits = limits
        self._pause = pause
        self._tasks: set[asyncio.Task[None]] = set()

    def say(
        self, place: ChatThread, text: str | StyledText, reply_to: int | None = None, markup: Markup = None
    ) -> None:
        """A message of its own, in reply to another or not."""
        message = (text if isinstance(text, StyledText) else StyledText(text)).message
        self._begin(self._paced(place, partial(send_text, self._bot, place, message, reply_to, markup)))

    def replace(self, place: ChatThread, message: int, text: str) -> None:
        """Other words, and no buttons, in a message of the bot."""
        self._begin(
            self._paced(place, partial(edit_text, self._bot, place, message, StyledText(text).message))
        )

    def take_back(self, place: ChatThread, message: int) -> None:
        self._begin(self._insist(partial(self._bot.delete_message, place.chat, message)))

    def acknowledge(self, press: str, text: str | None = None) -> None:
        """Ends the waiting sign of a pressed button, with a few words on top of the chat."""
        self._begin(self._insist(partial(self._bot.answer_callback_query, press, text)))

    async def stop(self) -> None:
        """Let what is under way end, for a moment."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=NOTICE_GRACE)
            for task in late:
                task.cancel()

    def _begin(self, saying: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(saying)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _paced(self, place: ChatThread, call: Call) -> None:
        await self._limits.book(place.chat)
        await self._insist(call)

    async def _insist(self, call: Call) -> None:
        for attempt in range(NOTICE_TRIES):
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
