"""How fast someone may go: token buckets. Knows numbers and a clock, not what is being counted."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` steps at once, then `per_second` more."""

    burst: float
    per_second: float


class TokenBucket:
    """One bucket: full at first, refilled steadily, a step takes one token."""

    def __init__(self, rate: Rate, clock: Clock = time.monotonic) -> None:
        self._speed = rate
        self._clock = clock
        self._tokens = float(rate.burst)
        self._at = clock()

    def step(self) -> bool:
        """Whether there is a token for one more step, which it then takes."""
        now = self._clock()
        self._tokens = min(self._speed.burst, self._tokens + (now - self._at) * self._speed.per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class TokenBuckets:
    """A bucket for each name. Only the `most` names used last are remembered, so memory is bounded."""

    def __init__(self, rate: Rate, most: int = 10_000, clock: Clock = time.monotonic) -> None:
        self._speed = rate
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def step(self, name: str) -> bool:
        bucket = self._buckets.pop(name, None) or TokenBucket(self._speed, self._clock)
        self._buckets[name] = bucket
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket.step()
