"""Events reach every subscriber of a conversation, and a slow one does not hold up the others."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.events import (
    MAX_QUEUED_EVENTS,
    Accepted,
    Answered,
    Event,
    EventBus,
    Failed,
    Queued,
    Retrieved,
    Rewritten,
    Token,
    TurnProgress,
    Writing,
)

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


def replayed(bus: EventBus, conversation: str) -> list[Event]:
    with bus.listen(conversation, replay=True) as subscription:
        return [subscription._queue.get_nowait() for _ in range(subscription._queue.qsize())]


def test_who_joins_in_the_middle_of_a_turn_hears_what_came_before() -> None:
    bus = EventBus()
    for event in (
        Accepted(1),
        Queued(1, 3, 9.0),
        Rewritten(1, "Why?"),
        Retrieved(1, (), ()),
        Writing(1, None, None),
        Token(1, "Be"),
        Token(1, "cause"),
    ):
        bus.publish("a", event)
    assert replayed(bus, "a") == [
        Rewritten(1, "Why?"),
        Retrieved(1, (), ()),
        Writing(1, None, None),
        Token(1, "Because"),
    ]
    bus.end_turn("a")
    assert replayed(bus, "a") == []


def test_of_a_failed_attempt_only_the_failure_is_told() -> None:
    bus = EventBus()
    failed = Failed("engine", "Trying again.", 1)
    for event in (Rewritten(1, "Why?"), Token(1, "Be"), failed):
        bus.publish("a", event)
    assert replayed(bus, "a") == [failed]


def test_an_estimate_that_is_heard_later_is_shorter() -> None:
    assert Writing(1, 8.0, 20.0).later(10) == Writing(1, 0.0, 10.0)
    assert Queued(1, 2, None).later(10) == Queued(1, 2, None)


published = st.lists(
    st.one_of(
        st.just(Queued(1, 1, None)),
        st.just(Rewritten(1, "Why?")),
        st.just(Retrieved(1, (), ())),
        st.just(Writing(1, None, None)),
        st.just(Failed("engine", "Again.", 1)),
        st.text(min_size=1, max_size=3).map(lambda text: Token(1, text)),
    )
)


@given(published)
def test_a_replay_shows_what_those_see_who_were_there_from_the_start(events: list[Event]) -> None:
    progress = TurnProgress()
    for event in events:
        progress.add(event)
    shown = list(progress.replay())
    assert _text(shown) == _text(events)
    assert not any(isinstance(one, Token) and isinstance(next_, Token) for one, next_ in pairwise(shown))


def _text(events: list[Event]) -> str:
    """The preview that a client shows in the end."""
    text = ""
    for event in events:
        match event:
            case Queued() | Rewritten() | Failed():
                text = ""
            case Token():
                text += event.text
    return text
