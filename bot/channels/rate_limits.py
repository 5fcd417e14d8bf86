"""Token buckets, which limit how often a client or a person may do something."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` times at once, then `per_second` more."""

    burst: float
    per_second: float


class TokenBucket:
    """Holds up to `rate.burst` tokens, full at first and refilled steadily."""

    def __init__(self, rate: Rate, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = float(rate.burst)
        self._updated_at = clock()

    def take(self) -> bool:
        """Take a token; False if there is none."""
        now = self._clock()
        self._tokens = min(self._rate.burst, self._tokens + (now - self._updated_at) * self._rate.per_second)
        self._updated_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class TokenBuckets:
    """A bucket for each key. Only the `size` keys used last are remembered, so memory is bounded."""

    def __init__(self, rate: Rate, size: int = 10_000, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._size = size
        self._clock = clock
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, key: str) -> bool:
        bucket = self._buckets.pop(key, None) or TokenBucket(self._rate, self._clock)
        self._buckets[key] = bucket
        if len(self._buckets) > self._size:
            self._buckets.popitem(last=False)
        return bucket.take()
