"""Who writes to the bot, and the JSON that Telegram makes of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


def utf16(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str = "Ada"
    language: str | None = "en"

    @property
    def json(self) -> Json:
        user = {"id": self.id, "is_bot": False, "first_name": self.name}
        return user | ({"language_code": self.language} if self.language else {})

    @property
    def room(self) -> "Room":
        """The private chat with the bot."""
        return Room(self.id, "private")


@dataclass(frozen=True, slots=True)
class Room:
    """A chat; a group's id is negative."""

    id: int
    type: str = "supergroup"

    @property
    def json(self) -> Json:
        name = {"title": "Team"} if self.id < 0 else {"first_name": "Ada"}
        return {"id": self.id, "type": self.type} | name


def entities(text: str) -> list[Json]:
    """Commands and mentions, as Telegram marks them."""
    return [
        {"type": kind, "offset": utf16(text[: match.start()]), "length": utf16(match[0])}
        for kind, match in _marks(text)
    ]


def _marks(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    for match in re.finditer(r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@\w+)?", text):
        yield "bot_command", match
    for match in re.finditer(r"(?<![\w/])@\w{4,32}", text):
        yield "mention", match
