"""Events reach every subscriber of a conversation, and a slow one does not hold up the others."""

import asyncio

import pytest

from dialogue.events import MAX_QUEUED_EVENTS, Accepted, Answered, Event, EventBus, Token

END = Answered(2, 1, "Yes.", (), abstained=False)


async def test_events_reach_every_listener_of_the_conversation_and_no_other() -> None:
    bus = EventBus()
    with bus.listen("a") as one, bus.listen("a") as two, bus.listen("b") as other:
        bus.publish("a", Accepted(1))
        bus.publish("b", Accepted(7))

        assert [await anext(one), await anext(two), await anext(other)] == [
            Accepted(1),
            Accepted(1),
            Accepted(7),
        ]


async def test_whoever_comes_later_hears_what_is_said_from_then_on() -> None:
    bus = EventBus()
    bus.publish("a", Accepted(1))
    with bus.listen("a") as subscription:
        bus.publish("a", Accepted(3))
        assert await anext(subscription) == Accepted(3)


async def test_a_listener_that_lags_loses_tokens_but_never_the_end() -> None:
    bus = EventBus()
    with bus.listen("a") as slow:
        for n in range(MAX_QUEUED_EVENTS + 500):
            bus.publish("a", Token(1, str(n)))
        bus.publish("a", END)
        async with asyncio.timeout(5):
            events = [await anext(slow) for _ in range(MAX_QUEUED_EVENTS + 1)]

    assert events[:MAX_QUEUED_EVENTS] == [Token(1, str(n)) for n in range(MAX_QUEUED_EVENTS)]
    assert events[-1] == END


async def test_listening_goes_on_until_it_is_silent() -> None:
    bus = EventBus()
    with bus.listen("a") as subscription:
        loop = asyncio.get_running_loop()
        for n in range(3):
            loop.call_later(0.02 * n, bus.publish, "a", Accepted(n))
        events: list[Event] = [event async for event in subscription.until_quiet(0.2)]
        assert events == [Accepted(0), Accepted(1), Accepted(2)]


async def test_after_the_block_nothing_is_kept() -> None:
    bus = EventBus()
    with pytest.raises(ZeroDivisionError), bus.listen("a") as subscription:
        raise ZeroDivisionError
    bus.publish("a", END)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(subscription), 0.02)
