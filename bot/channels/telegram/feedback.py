"""Which answer a thumb or a correction is about, written into what Telegram gives back: nothing to remember.

A button carries it as callback data, the request for a correction as an address that is never opened.
"""

from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

THUMBS = {"up": "👍", "down": "👎"}


@dataclass(frozen=True, slots=True)
class Rated:
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
