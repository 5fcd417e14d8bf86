"""What Telegram's updates mean to the bot: a question, a command, a rating, a correction, and who sent it where.

`read` turns an update of python-telegram-bot into one of the values of `InboundUpdate`, or None.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import structlog
from telegram import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
    Update,
    User,
)

CHANNEL = "telegram"
"""The name under which conversations are stored."""


@dataclass(frozen=True, slots=True)
class ChatThread:
    """A chat, or a topic of a forum. `chat_id` is positive for a private chat and negative for a group."""

    chat_id: int
    thread_id: int | None = None

    @property
    def account(self) -> str:
        """Its name in the store: `chat_id` or `chat_id:thread_id`."""
        return str(self.chat_id) if self.thread_id is None else f"{self.chat_id}:{self.thread_id}"

    @classmethod
    def from_account(cls, account: str) -> Self:
        chat, _, thread = account.partition(":")
        return cls(int(chat), int(thread) if thread else None)

    @property
    def private(self) -> bool:
        return self.chat_id > 0


RATING_BUTTONS = {"up": "👍", "down": "👎"}


@dataclass(frozen=True, slots=True)
class RatedTurn:
    """An answer that somebody may rate, as buttons and links refer to it."""

    conversation: str
    turn: int

    def buttons(self) -> InlineKeyboardMarkup:
        """Thumbs up and down. Callback data has at most 64 bytes; a conversation id has 22 characters."""
        row = [
            InlineKeyboardButton(sign, callback_data=f"{rating}:{self.turn}:{self.conversation}")
            for rating, sign in RATING_BUTTONS.items()
        ]
        return InlineKeyboardMarkup([row])

    def url(self, username: str) -> str:
        """A link that identifies the answer; the bot hides one in the message that asks for a correction."""
        return f"https://t.me/{username}?" + urlencode({"correct": f"{self.turn}:{self.conversation}"})

    @classmethod
    def from_url(cls, url: str) -> Self | None:
        """The answer that `url` identifies, if any."""
        name = parse_qs(urlsplit(url).query).get("correct", [""])[0]
        return cls.parse(name)

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """`turn:conversation`, as in callback data and links; None for anything else, since clients can forge it."""
        turn, _, conversation = name.partition(":")
        return cls(conversation, int(turn)) if turn.isdecimal() and len(turn) < 10 and conversation else None


ALLOWED_UPDATES = ["message", "edited_message", "callback_query"]
"""The kinds of updates that the bot asks Telegram for."""
BARE_MENTION = "?"
"""What a mention without a word asks, as a reply to somebody's message."""
COMMANDS = ("start", "help", "new", "consent", "forget")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MessageInfo:
    """Who wrote where. `language` is that of the person's app; `message_id` the message or the one with the button."""

    thread: ChatThread
    author: str
    language: str | None
    message_id: int


@dataclass(frozen=True, slots=True)
class RepliedMessage:
    """The message that somebody replies to."""

    message_id: int
    text: str
    author: str | None
    """None if the bot wrote it."""
    answer: RatedTurn | None = None
    """The bot's answer that it is, as its rating buttons say."""


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A question. edited: in place of what the message said before. album: its id, of a caption in one."""

    info: MessageInfo
    text: str
    replied: RepliedMessage | None = None
    edited: bool = False
    album: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    info: MessageInfo
    name: str
    """One of COMMANDS; any other command means `help`."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A reply to the bot's request for the right answer."""

    info: MessageInfo
    rated: RatedTurn
    text: str


@dataclass(frozen=True, slots=True)
class UnsupportedMessage:
    """A photo, sticker, voice message or the like; the photos of an album share its id."""

    info: MessageInfo
    album: str | None


@dataclass(frozen=True, slots=True)
class ButtonCallback:
    """Somebody pressed a button below a message of the bot. Clients can forge `data`."""

    info: MessageInfo
    id: str
    data: str


InboundUpdate = TextMessage | Command | Correction | UnsupportedMessage | ButtonCallback


def sanitize_update(data: dict[str, Any]) -> dict[str, Any]:
    """`data`, or just its number if the library cannot parse it, so that it does not block the updates after it.

    Raises KeyError or TypeError if `data` is not an update.
    """
    try:
        Update.de_json(data)
    except Exception:
        number = data["update_id"]
        log.exception("update_not_parsed", update=number)
        return {"update_id": number}
    return data


def read(update: Update, me: User) -> InboundUpdate | None:
    """What `update` means to the bot `me`; None for updates it ignores."""
    if update.message is not None:
        return _message(update.message, me)
    if update.edited_message is not None:
        return _edited(_message(update.edited_message, me))
    if update.callback_query is not None:
        return _button_callback(update.callback_query)
    return None


def _button_callback(query: CallbackQuery) -> ButtonCallback | None:
    if query.message is None or query.data is None:
        return None
    message = query.message
    thread = _thread(message) if isinstance(message, Message) else ChatThread(message.chat.id)
    user = query.from_user
    return ButtonCallback(
        MessageInfo(thread, str(user.id), user.language_code, message.message_id), query.id, query.data
    )


def _edited(event: InboundUpdate | None) -> TextMessage | None:
    """Of edits only those of questions count: a command was carried out, a correction stored."""
    return replace(event, edited=True) if isinstance(event, TextMessage) else None


def _message(message: Message, me: User) -> InboundUpdate | None:
    info = _info(message)
    if info is None or not _addressed(message, info.thread, me):
        return None
    text = message.text or message.caption
    if text is None:
        unreadable = message.effective_attachment is not None
        return UnsupportedMessage(info, message.media_group_id) if unreadable else None
    if name := _command(message):
        return Command(info, name if name in COMMANDS else "help")
    cleaned = _without_mentions(text, _mentions(message, me))
    if rated := _rated_turn(message, me):
        return Correction(info, rated, cleaned)
    replied = _replied(message, me)
    if not cleaned and (replied is None or replied.author is None):
        return Command(info, "help")
    return TextMessage(info, cleaned or BARE_MENTION, replied, album=message.media_group_id)


def _replied(message: Message, me: User) -> RepliedMessage | None:
    """The message that it replies to, unless that is another bot's, or has no text."""
    reply = message.reply_to_message
    if reply is None or reply.from_user is None or not (text := reply.text or reply.caption):
        return None
    sender = reply.from_user
    if _is(sender, me):
        return RepliedMessage(reply.message_id, text, None, _answer_with_buttons(reply))
    return None if sender.is_bot else RepliedMessage(reply.message_id, text, str(sender.id))


def _answer_with_buttons(message: Message) -> RatedTurn | None:
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    names = (str(button.callback_data or "") for row in rows for button in row)
    actions = (name.partition(":") for name in names)
    return next((RatedTurn.parse(rest) for action, _, rest in actions if action in RATING_BUTTONS), None)


def _info(message: Message) -> MessageInfo | None:
    """None if no person wrote it. Anonymous administrators write as the group."""
    user = message.from_user
    if user is None or (user.is_bot and message.sender_chat is None):
        return None
    author = message.sender_chat.id if message.sender_chat else user.id
    return MessageInfo(_thread(message), str(author), user.language_code, message.message_id)


def _thread(message: Message) -> ChatThread:
    return ChatThread(message.chat.id, message.message_thread_id if message.is_topic_message else None)


def _addressed(message: Message, thread: ChatThread, me: User) -> bool:
    """In groups the bot reacts only to its commands, mentions of it and replies to it."""
    if command := _command_entity(message):
        _, _, addressee = message.parse_entity(command).partition("@")
        return (
            addressee.lower() == str(me.username).lower() if addressee else _is_our_command(message, thread)
        )
    return thread.private or _replies_to(message, me) or bool(_mentions(message, me))


def _is_our_command(message: Message, thread: ChatThread) -> bool:
    """Whether a command without @username is for us. In a group, an unknown one may be for another bot."""
    return thread.private or _command(message) in COMMANDS


def _command_entity(message: Message) -> MessageEntity | None:
    return next((e for e in message.entities if e.type == MessageEntity.BOT_COMMAND and e.offset == 0), None)


def _command(message: Message) -> str | None:
    entity = _command_entity(message)
    return message.parse_entity(entity).partition("@")[0].removeprefix("/").lower() if entity else None


def _replies_to(message: Message, me: User) -> bool:
    """Whether it replies to the bot. Every message in a topic counts as a reply to the topic's first message."""
    reply = message.reply_to_message
    return reply is not None and reply.forum_topic_created is None and _is(reply.from_user, me)


def _is(user: User | None, me: User) -> bool:
    return user is not None and user.id == me.id


def _mentions(message: Message, me: User) -> list[MessageEntity]:
    named = message.parse_entities() | message.parse_caption_entities()
    return [
        entity
        for entity, text in named.items()
        if (entity.type == MessageEntity.MENTION and text.lower() == f"@{me.username}".lower())
        or (entity.type == MessageEntity.TEXT_MENTION and _is(entity.user, me))
    ]


def _without_mentions(text: str, mentions: Sequence[MessageEntity]) -> str:
    if not mentions:
        return text.strip()
    units = text.encode("utf-16-le")
    for entity in sorted(mentions, key=lambda entity: -entity.offset):
        units = units[: 2 * entity.offset] + units[2 * (entity.offset + entity.length) :]
    return re.sub(r"[ \t]{2,}", " ", units.decode("utf-16-le")).strip(" \t\n,:，：")


def _rated_turn(message: Message, me: User) -> RatedTurn | None:
    reply = message.reply_to_message
    if reply is None or not _is(reply.from_user, me):
        return None
    urls = (entity.url for entity in reply.entities if entity.url)
    return next((rated for url in urls if (rated := RatedTurn.from_url(url))), None)
