"""Where in Telegram something is said: a chat, and in a forum the topic."""

from dataclasses import dataclass
from typing import Self

CHANNEL = "telegram"
"""The name under which conversations are stored."""


@dataclass(frozen=True, slots=True)
class Place:
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
