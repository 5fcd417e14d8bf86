"""The event loop's lateness is measured while it is late, and a stall counts for as long as it lasts."""

import asyncio
import time

import pytest

from bot.loop_lag import lateness, watch_loop_lag


def test_a_tick_in_time_counts_once():
    assert lateness(0.001, 0.05) == [0.001]
    assert lateness(-0.001, 0.05) == [0.0]


def test_a_stall_counts_for_the_ticks_that_it_swallowed():
    assert lateness(0.2, 0.05) == pytest.approx([0.2, 0.15, 0.1, 0.05, 0.0])


async def test_a_loop_that_is_held_up_is_seen():
    seen: list[float] = []
    watching = asyncio.create_task(watch_loop_lag(seen.append, period=0.01))
    await asyncio.sleep(0.05)
    time.sleep(0.2)  # noqa: ASYNC251
    await asyncio.sleep(0.05)
    watching.cancel()
    assert max(seen) >= 0.15
    assert len([late for late in seen if late > 0.05]) >= 10
