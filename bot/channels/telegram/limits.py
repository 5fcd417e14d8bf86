"""How fast Telegram lets a bot send: 1 message a second in a chat, 20 a minute in a group, 30 a second.

Edits count as messages. One object serves a process; what several processes send together, 429 paces.
Limits: https://core.telegram.org/bots/faq. Method: the generic cell rate algorithm (ITU-T I.371).
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

MAX_REMEMBERED_CHATS = 10_000
"""Chats beyond this many are forgotten once they may send again."""


@dataclass(frozen=True, slots=True)
class SendInterval:
    """`burst` messages at once, then one every `interval` seconds."""

    interval: float
    burst: int = 1


@dataclass(frozen=True, slots=True)
class SendIntervals:
    chat: SendInterval = SendInterval(1.0)
    group: SendInterval = SendInterval(4.0, burst=5)
    """At most 5 + 15 in any minute."""
    overall: SendInterval = SendInterval(0.04, burst=5)
    """At most 5 + 25 in any second."""


class SendLimits:
    """When the next message may go to a chat."""

    def __init__(
        self, rhythms: SendIntervals | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rhythms = rhythms or SendIntervals()
        self._clock = clock
        self._due: dict[tuple[int, SendInterval], float] = {}
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

    def _applying(self, chat: int) -> Iterator[tuple[int, SendInterval]]:
        yield chat, self._rhythms.chat
        yield 0, self._rhythms.overall
        if chat < 0:
            yield chat, self._rhythms.group

    def _forget(self, now: float) -> None:
        if len(self._due) > MAX_REMEMBERED_CHATS:
            self._due = {key: due for key, due in self._due.items() if due > now}
            self._held = {chat: until for chat, until in self._held.items() if until > now}


class RecentKeys:
    """The last `most` things that were noted."""

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._things: OrderedDict[Hashable, None] = OrderedDict()

    def __contains__(self, thing: Hashable) -> bool:
        return thing in self._things

    def note(self, thing: Hashable) -> bool:
        """Remember `thing`; whether it is new."""
        new = thing not in self._things
        self._things[thing] = None
        if len(self._things) > self._most:
            self._things.popitem(last=False)
        return new
