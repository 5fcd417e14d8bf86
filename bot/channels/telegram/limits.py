"""Telegram's rate limits: one message a second per chat, 20 a minute per group, 30 a second overall.

Edits count as messages. Each process keeps its own count; where several send for one bot, Telegram's 429 responses slow
them down.
Limits: https://core.telegram.org/bots/faq. Method: the generic cell rate algorithm (ITU-T I.371).
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

MAX_REMEMBERED_CHATS = 10_000
"""Beyond this many, chats whose limits have expired are forgotten."""


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
    """Says when the next message may be sent to a chat."""

    def __init__(
        self, intervals: SendIntervals | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._intervals = intervals or SendIntervals()
        self._clock = clock
        self._next_slot: dict[tuple[int, SendInterval], float] = {}
        self._paused_until: dict[int, float] = {}

    def wait(self, chat: int, messages: int = 1) -> float:
        """Seconds until a message may go to `chat` such that all of `messages` fit without another wait."""
        now = self._clock()
        waits = (
            self._next_slot.get((key, interval), -math.inf)
            - (interval.burst - messages) * interval.interval
            - now
            for key, interval in self._applying(chat)
        )
        return max(0.0, self._paused_until.get(chat, now) - now, *waits)

    async def acquire(self, chat: int) -> None:
        """Reserve the next free slot for one message to `chat`, and sleep until then."""
        seconds, now = self.wait(chat), self._clock()
        for key in self._applying(chat):
            self._next_slot[key] = max(now, self._next_slot.get(key, now)) + key[1].interval
        self._forget(now)
        await asyncio.sleep(seconds)

    def pause(self, chat: int, seconds: float) -> None:
        """Send nothing to `chat` for so many seconds, because Telegram said so."""
        self._paused_until[chat] = self._clock() + seconds

    def _applying(self, chat: int) -> Iterator[tuple[int, SendInterval]]:
        yield chat, self._intervals.chat
        yield 0, self._intervals.overall
        if chat < 0:
            yield chat, self._intervals.group

    def _forget(self, now: float) -> None:
        if len(self._next_slot) > MAX_REMEMBERED_CHATS:
            self._next_slot = {key: due for key, due in self._next_slot.items() if due > now}
            self._paused_until = {chat: until for chat, until in self._paused_until.items() if until > now}


class RecentKeys:
    """The last `size` keys that were added."""

    def __init__(self, size: int = 1_000) -> None:
        self._size = size
        self._keys: OrderedDict[Hashable, None] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._keys

    def add(self, key: Hashable) -> bool:
        """Remember `key`; False if it was there already."""
        new = key not in self._keys
        self._keys[key] = None
        if len(self._keys) > self._size:
            self._keys.popitem(last=False)
        return new
