"""Where in Telegram something is said: a chat, and in a forum the topic."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
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
    """`chat` is Telegram's id, positive for a person's own chat, negative for a group. `thread`: a topic."""

    chat: int
    thread: int | None = None

    @property
    def account(self) -> str:
        """Its name in the store: `chat` or `chat:thread`."""
        return str(self.chat) if self.thread is None else f"{self.chat}:{self.thread}"

    @classmethod
    def of(cls, account: str) -> Self:
        chat, _, thread = account.partition(":")
        return cls(int(chat), int(thread) if thread else None)

    @property
    def private(self) -> bool:
        return self.chat > 0


THUMBS = {"up": "👍", "down": "👎"}


@dataclass(frozen=True, slots=True)
class RatedTurn:
    """An answer: the assistant's turn of a conversation."""

    conversation: str
    turn: int

    def thumbs(self) -> InlineKeyboardMarkup:
        """Two buttons. Callback data has at most 64 bytes; a conversation id has 22 characters."""
        row = [
            InlineKeyboardButton(sign, callback_data=f"{rating}:{self.turn}:{self.conversation}")
            for rating, sign in THUMBS.items()
        ]
        return InlineKeyboardMarkup([row])

    def address(self, username: str) -> str:
        """An address on Telegram that names the answer."""
        return f"https://t.me/{username}?" + urlencode({"correct": f"{self.turn}:{self.conversation}"})

    @classmethod
    def at(cls, address: str) -> Self | None:
        """The answer that `address` names, if it names one."""
        named = parse_qs(urlsplit(address).query).get("correct", [""])[0]
        return cls.named(named)

    @classmethod
    def named(cls, name: str) -> Self | None:
        """`turn:conversation`, as buttons and addresses hold it; None for anything else: clients may lie."""
        turn, _, conversation = name.partition(":")
        return cls(conversation, int(turn)) if turn.isdecimal() and len(turn) < 10 and conversation else None


ALLOWED = ["message", "callback_query"]
"""The kinds of updates to ask for."""
COMMANDS = ("start", "help", "new", "consent", "forget")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote where. `language` is that of the person's app, `message` what was written or pressed."""

    place: ChatThread
    author: str
    language: str | None
    message: int


@dataclass(frozen=True, slots=True)
class TextMessage:
    origin: Origin
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    origin: Origin
    name: str
    """One of COMMANDS; whatever else begins with a slash asks for help."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A reply to the bot's question what the right answer would have been."""

    origin: Origin
    rated: RatedTurn
    text: str


@dataclass(frozen=True, slots=True)
class UnsupportedMessage:
    """A photo, a sticker, a voice message; several may belong to one `album`."""

    origin: Origin
    album: str | None


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """A button under a message of the bot. The client may have made `data` up."""

    origin: Origin
    id: str
    data: str


Inbound = TextMessage | Command | Correction | UnsupportedMessage | ButtonPress


def readable_update(data: dict[str, Any]) -> dict[str, Any]:
    """An update's JSON, but only its number if the library cannot read the rest: it must not stop the next one.

    Raises KeyError or TypeError for what is no update at all.
    """
    try:
        Update.de_json(data)
    except Exception:
        number = data["update_id"]
        log.exception("update_illegible", update=number)
        return {"update_id": number}
    return data


def read(update: Update, me: User) -> Inbound | None:
    """What `update` means to the bot `me`; None if nothing."""
    if update.message is not None:
        return _message(update.message, me)
    if update.callback_query is not None:
        return _button_press(update.callback_query)
    return None


def _button_press(query: CallbackQuery) -> ButtonPress | None:
    if query.message is None or query.data is None:
        return None
    shown = query.message
    place = _thread(shown) if isinstance(shown, Message) else ChatThread(shown.chat.id)
    user = query.from_user
    return ButtonPress(
        Origin(place, str(user.id), user.language_code, shown.message_id), query.id, query.data
    )


def _message(message: Message, me: User) -> Inbound | None:
    origin = _origin(message)
    if origin is None or not _addressed(message, origin.place, me):
        return None
    text = message.text or message.caption
    if text is None:
        unreadable = message.effective_attachment is not None
        return UnsupportedMessage(origin, message.media_group_id) if unreadable else None
    if name := _command(message):
        return Command(origin, name if name in COMMANDS else "help")
    spoken = _without_mentions(text, _mentions(message, me))
    if rated := _asked_to_correct(message, me):
        return Correction(origin, rated, spoken)
    return TextMessage(origin, spoken) if spoken else Command(origin, "help")


def _origin(message: Message) -> Origin | None:
    """None for what no person wrote. An anonymous administrator writes as the group."""
    user = message.from_user
    if user is None or (user.is_bot and message.sender_chat is None):
        return None
    author = message.sender_chat.id if message.sender_chat else user.id
    return Origin(_thread(message), str(author), user.language_code, message.message_id)


def _thread(message: Message) -> ChatThread:
    return ChatThread(message.chat.id, message.message_thread_id if message.is_topic_message else None)


def _addressed(message: Message, place: ChatThread, me: User) -> bool:
    """In a group only a command, a mention or a reply is meant for the bot, and never another's command."""
    if command := _command_entity(message):
        _, _, addressee = message.parse_entity(command).partition("@")
        return addressee.lower() == str(me.username).lower() if addressee else _is_ours(message, place)
    return place.private or _replies_to(message, me) or bool(_mentions(message, me))


def _is_ours(message: Message, place: ChatThread) -> bool:
    """Whether a command without a name is for us: in a group with other bots an unknown one is for them."""
    return place.private or _command(message) in COMMANDS


def _command_entity(message: Message) -> MessageEntity | None:
    return next((e for e in message.entities if e.type == MessageEntity.BOT_COMMAND and e.offset == 0), None)


def _command(message: Message) -> str | None:
    entity = _command_entity(message)
    return message.parse_entity(entity).partition("@")[0].removeprefix("/").lower() if entity else None


def _replies_to(message: Message, me: User) -> bool:
    """Whether it replies to the bot. Each message of a topic "replies" to the topic's first."""
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


def _asked_to_correct(message: Message, me: User) -> RatedTurn | None:
    reply = message.reply_to_message
    if reply is None or not _is(reply.from_user, me):
        return None
    addresses = (entity.url for entity in reply.entities if entity.url)
    return next((rated for address in addresses if (rated := RatedTurn.at(address))), None)
