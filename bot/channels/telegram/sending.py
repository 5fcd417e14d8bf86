"""Sending through python-telegram-bot: the connection, one message or edit, and replies that need no outbox.

Replies such as greetings and confirmations are retried a few times and lost in a crash; answers go through the outbox
(`delivery`).
"""

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
from bot.channels.telegram.updates import ChatThread, sanitize_update

NO_LINK_PREVIEW = LinkPreviewOptions(is_disabled=True)
READ_TIMEOUT = 20.0
"""Seconds that Telegram has to answer a call. Generous, because a call that timed out may have succeeded."""

PERMANENT_ERRORS = (Forbidden, BadRequest)
"""A retry will not help: the person blocked the bot, the chat is gone, the text is invalid."""

UNKNOWN_METHOD = InvalidToken
"""What the library raises for 404, which an older Bot API server sends for a method it does not know."""

MessagePart = Mapping[str, Any]
"""`text` and `entities`, as `rendering` makes them."""
Markup = InlineKeyboardMarkup | ForceReply | None


class LenientRequest(HTTPXRequest):
    """The connection for polling: an update that the library cannot parse arrives empty and is skipped."""

    async def do_request(self, *given: Any, **named: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(*given, **named)
        return code, _sanitize_updates(payload) if code == HTTPStatus.OK else payload


def connect(token: str, base_url: str, read_seconds: float = READ_TIMEOUT) -> Bot:
    """A Bot with separate connections for sending and for polling. Does not connect yet."""
    sending = HTTPXRequest(read_timeout=read_seconds, pool_timeout=read_seconds)
    polling = LenientRequest(connection_pool_size=2, read_timeout=read_seconds)
    return Bot(token, base_url=base_url, request=sending, get_updates_request=polling)


async def send_text(
    bot: Bot, thread: ChatThread, part: MessagePart, reply_to: int | None = None, markup: Markup = None
) -> int:
    """Send `part` and return the id of the new message. If `reply_to` has been deleted, it is not a reply."""
    reply = None if reply_to is None else ReplyParameters(reply_to, allow_sending_without_reply=True)
    message = await bot.send_message(
        thread.chat_id,
        part["text"],
        entities=entities(part),
        message_thread_id=thread.thread_id,
        link_preview_options=NO_LINK_PREVIEW,
        reply_parameters=reply,
        reply_markup=markup,
    )
    return message.message_id


async def edit_text(
    bot: Bot, thread: ChatThread, message: int, part: MessagePart, markup: InlineKeyboardMarkup | None = None
) -> None:
    """Replace the text of a message of the bot by `part`; no error if it is the same."""
    try:
        await bot.edit_message_text(
            part["text"],
            thread.chat_id,
            message,
            entities=entities(part),
            link_preview_options=NO_LINK_PREVIEW,
            reply_markup=markup,
        )
    except BadRequest as error:
        if "not modified" not in str(error).lower():
            raise


def retry_seconds(error: RetryAfter) -> float:
    """How long Telegram asks to wait; the library is moving from numbers to timedeltas."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def describe(error: TelegramError) -> str:
    """The error in one line for the log and the outbox, with a remedy where there is one."""
    match error:
        case InvalidToken():
            return "Telegram does not know this bot token. Correct TELEGRAM_BOT_TOKEN."
        case _:
            return f"{type(error).__name__}: {error}"


def _sanitize_updates(payload: bytes) -> bytes:
    """A getUpdates response in which every update can be parsed; anything else unchanged."""
    try:
        body = json.loads(payload)
        body["result"] = [sanitize_update(data) for data in body["result"]]
    except (ValueError, TypeError, KeyError):
        return payload
    return json.dumps(body).encode()


def entities(part: MessagePart) -> list[MessageEntity]:
    """The part's entities as objects of the library."""
    return [MessageEntity(**entity) for entity in part["entities"]]


MAX_TRIES = 4
STOP_TIMEOUT = 3.0
"""Seconds that replies in progress have when the bot stops."""

Call = Callable[[], Awaitable[object]]

log = structlog.get_logger(__name__)


class ReplySender:
    """Sends replies in the background, within Telegram's rate limits."""

    def __init__(self, bot: Bot, limits: SendLimits, pause: float = 1.0) -> None:
        self._bot = bot
        self._limits = limits
        self._pause = pause
        self._tasks: set[asyncio.Task[None]] = set()

    def send(
        self, thread: ChatThread, text: str | StyledText, reply_to: int | None = None, markup: Markup = None
    ) -> None:
        """Send a new message, as a reply to `reply_to` if given."""
        message = (text if isinstance(text, StyledText) else StyledText(text)).message
        self._start(
            self._within_limits(thread, partial(send_text, self._bot, thread, message, reply_to, markup))
        )

    def edit(self, thread: ChatThread, message: int, text: str) -> None:
        """Replace the text of a message of the bot, and remove its buttons."""
        self._start(
            self._within_limits(
                thread, partial(edit_text, self._bot, thread, message, StyledText(text).message)
            )
        )

    def delete(self, thread: ChatThread, message: int) -> None:
        self._start(self._retry(partial(self._bot.delete_message, thread.chat_id, message)))

    def answer_callback(self, callback: str, text: str | None = None) -> None:
        """Stop the progress indicator of a pressed button, and show `text` at the top of the chat."""
        self._start(self._retry(partial(self._bot.answer_callback_query, callback, text)))

    async def stop(self) -> None:
        """Give replies in progress a moment to finish, then cancel them."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_TIMEOUT)
            for task in late:
                task.cancel()

    def _start(self, sending: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(sending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _within_limits(self, thread: ChatThread, call: Call) -> None:
        await self._limits.acquire(thread.chat_id)
        await self._retry(call)

    async def _retry(self, call: Call) -> None:
        for attempt in range(MAX_TRIES):
            try:
                await call()
                return
            except PERMANENT_ERRORS as error:
                log.info("reply_refused", reason=describe(error))
                return
            except TelegramError as error:
                wait = retry_seconds(error) if isinstance(error, RetryAfter) else self._pause * 2**attempt
                log.info("reply_not_sent", reason=describe(error), retry_in=wait)
                await asyncio.sleep(wait)
