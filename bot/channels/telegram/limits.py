"""How fast Telegram lets a bot send: 1 message a second in a chat, 20 a minute in a group, 30 a second.

Edits count as messages. One object serves a process; what several processes send together, 429 paces.
Limits: https://core.telegram.org/bots/faq. Method: the generic cell rate algorithm (ITU-T I.371).
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MOST_REMEMBERED = 10_000
"""Chats beyond this many are forgotten once they may send again."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`burst` messages at once, then one every `interval` seconds."""

    interval: float
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Rhythms:
    chat: Rhythm = Rhythm(1.0)
    group: Rhythm = Rhythm(4.0, burst=5)
    """At most 5 + 15 in any minute."""
    overall: Rhythm = Rhythm(0.04, burst=5)
    """At most 5 + 25 in any second."""


class Limits:
    """When the next message may go to a chat."""

    def __init__(self, rhythms: Rhythms | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._rhythms = rhythms or Rhythms()
        self._clock = clock
        self._due: dict[tuple[int, Rhythm], float] = {}
        self._held: dict[int, float] = {}

    def wait(self, chat: int, messages: int = 1) -> float:
        """Seconds until a message may go to `chat` with room for the rest of `messages` one rhythm later."""
        now = self._clock()
        waits = (
            self._due.get((key, rhythm), -math.inf) - (rhythm.burst - messages) * rhythm.interval - now
            for key, rhythm in self._applying(chat)
        )
        return max(0.0, self._held.get(chat, now) - now, *waits)

    async def book(self, chat: int) -> None:
        """Take the next free moment for one message to `chat`, and sleep until then."""
        seconds, now = self.wait(chat), self._clock()
        for key in self._applying(chat):
            self._due[key] = max(now, self._due.get(key, now)) + key[1].interval
        self._forget(now)
        await asyncio.sleep(seconds)

    def hold(self, chat: int, seconds: float) -> None:
        """Telegram said to wait: nothing goes to `chat` for so long."""
        self._held[chat] = self._clock() + seconds

    def _applying(self, chat: int) -> Iterator[tuple[int, Rhythm]]:
        yield chat, self._rhythms.chat
        yield 0, self._rhythms.overall
        if chat < 0:
            yield chat, self._rhythms.group

    def _forget(self, now: float) -> None:
        if len(self._due) > MOST_REMEMBERED:
            self._due = {key: due for key, due in self._due.items() if due > now}
            self._held = {chat: until for chat, until in self._held.items() if until > now}
