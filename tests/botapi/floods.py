"""Telegram's flood limits: one message a second in a chat, 20 a minute in a group, 30 a second overall."""

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Floodgate:
    """Counts messages and edits as Telegram does; `second` shortens its second, so that tests need not wait.

    `burst` is how many quick messages a chat forgives, as the real server does.
    """

    second: float = 1.0
    burst: int = 0
    _sent: defaultdict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def wait(self, chat: int) -> int:
        """Seconds (at least 1) that the sender has to wait; 0 if the message may pass, which counts it."""
        now = time.monotonic() / self.second
        overdue = max(self._excess(chat, 1, 1 + self.burst, now), self._excess(0, 1, 30, now))
        if chat < 0:
            overdue = max(overdue, self._excess(chat, 60, 20, now))
        if overdue > 0:
            return max(1, math.ceil(overdue * self.second))
        self._sent[chat].append(now)
        self._sent[0].append(now)
        return 0

    def _excess(self, key: int, window: float, most: int, now: float) -> float:
        recent = [moment for moment in self._sent[key] if moment > now - window]
        return recent[-most] + window - now if len(recent) >= most else 0.0
