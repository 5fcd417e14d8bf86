"""What an update of Telegram means to the bot: somebody said, commanded, pressed or corrected something.

Pure reading. Edits, service messages, other bots, and what in a group is not meant for the bot mean nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import CallbackQuery, Message, MessageEntity, Update, User

from bot.channels.telegram.feedback import Rated
from bot.channels.telegram.places import Place

ALLOWED = ["message", "callback_query"]
"""The kinds of updates to ask for."""
COMMANDS = ("start", "help", "new", "consent", "forget")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who wrote where. `language` is that of the person's app, `message` what was written or pressed."""

    place: Place
    author: str
    language: str | None
    message: int


@dataclass(frozen=True, slots=True)
class Said:
    envelope: Envelope
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    envelope: Envelope
    name: str
    """One of COMMANDS; whatever else begins with a slash asks for help."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A reply to the bot's question what the right answer would have been."""

    envelope: Envelope
    rated: Rated
    text: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A photo, a sticker, a voice message; several may belong to one `album`."""

    envelope: Envelope
    album: str | None


@dataclass(frozen=True, slots=True)
class Press:
    """A button under a message of the bot. The client may have made `data` up."""

    envelope: Envelope
    id: str
    data: str


Inbound = Said | Command | Correction | Unreadable | Press


def legible(data: dict[str, Any]) -> dict[str, Any]:
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
        return _press(update.callback_query)
    return None


def _press(query: CallbackQuery) -> Press | None:
    if query.message is None or query.data is None:
        return None
    shown = query.message
    place = _place(shown) if isinstance(shown, Message) else Place(shown.chat.id)
    user = query.from_user
    return Press(Envelope(place, str(user.id), user.language_code, shown.message_id), query.id, query.data)


def _message(message: Message, me: User) -> Inbound | None:
    envelope = _envelope(message)
    if envelope is None or not _addressed(message, envelope.place, me):
        return None
    text = message.text or message.caption
    if text is None:
        unreadable = message.effective_attachment is not None
        return Unreadable(envelope, message.media_group_id) if unreadable else None
    if name := _command(message):
        return Command(envelope, name if name in COMMANDS else "help")
    spoken = _without_mentions(text, _mentions(message, me))
    if rated := _asked_to_correct(message, me):
        return Correction(envelope, rated, spoken)
    return Said(envelope, spoken) if spoken else Command(envelope, "help")


def _envelope(message: Message) -> Envelope | None:
    """None for what no person wrote. An anonymous administrator writes as the group."""
    user = message.from_user
    if user is None or (user.is_bot and message.sender_chat is None):
        return None
    author = message.sender_chat.id if message.sender_chat else user.id
    return Envelope(_place(message), str(author), user.language_code, message.message_id)


def _place(message: Message) -> Place:
    return Place(message.chat.id, message.message_thread_id if message.is_topic_message else None)


def _addressed(message: Message, place: Place, me: User) -> bool:
    """In a group only a command, a mention or a reply is meant for the bot, and never another's command."""
    if command := _command_entity(message):
        _, _, addressee = message.parse_entity(command).partition("@")
        return addressee.lower() == str(me.username).lower() if addressee else _is_ours(message, place)
    return place.private or _replies_to(message, me) or bool(_mentions(message, me))


def _is_ours(message: Message, place: Place) -> bool:
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


def _asked_to_correct(message: Message, me: User) -> Rated | None:
    reply = message.reply_to_message
    if reply is None or not _is(reply.from_user, me):
        return None
    addresses = (entity.url for entity in reply.entities if entity.url)
    return next((rated for address in addresses if (rated := Rated.at(address))), None)
