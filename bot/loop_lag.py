"""How late the event loop is: what it cannot do while something else holds this process or the machine."""

import asyncio
from collections.abc import Callable
from time import perf_counter

MOST_TICKS = 10_000


async def watch_loop_lag(observe: Callable[[float], None], period: float = 0.05) -> None:
    """Calls `observe` with the seconds by which each tick comes late, every `period` seconds until cancelled."""
    while True:
        due = perf_counter() + period
        await asyncio.sleep(period)
        for late in lateness(perf_counter() - due, period):
            observe(late)


def lateness(late: float, period: float) -> list[float]:
    """Of a tick that comes `late`, and of those that it kept from coming at all.

    Each would have waited for the same end. Without them a stall of seconds would count as much as one good tick.
    """
    missed = min(int(max(0.0, late) / period), MOST_TICKS)
    return [max(0.0, late) - n * period for n in range(missed + 1)]
