"""How often messages may be sent: per chat, per group, overall, and after a 429."""

import pytest

from bot.channels.telegram.limits import SendInterval, SendIntervals, SendLimits

PERSON, OTHER, GROUP = 11, 12, -100


class Clock:
    """Stands still until it is moved on."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> SendLimits:
    return SendLimits(SendIntervals(SendInterval(1.0), SendInterval(4.0, burst=5), SendInterval(0.0)), clock)


async def sent(limits: SendLimits, clock: Clock, chat: int, seconds: float) -> int:
    """How many messages go to a chat in so many seconds, when each is sent as soon as it may be."""
    end, count = clock.now + seconds, 0
    while clock.now + limits.wait(chat) < end:
        clock.now += limits.wait(chat)
        await limits.acquire(chat)
        count += 1
    return count


async def test_a_person_gets_one_message_a_second(limits: SendLimits, clock: Clock) -> None:
    assert await sent(limits, clock, PERSON, 10) == 10


async def test_a_group_gets_a_few_at_once_and_twenty_a_minute(limits: SendLimits, clock: Clock) -> None:
    assert await sent(limits, clock, GROUP, 5) == 5
    assert await sent(limits, clock, GROUP, 55) <= 15


async def test_chats_do_not_wait_for_each_other(limits: SendLimits) -> None:
    await limits.acquire(PERSON)

    assert limits.wait(PERSON) == pytest.approx(1.0)
    assert limits.wait(OTHER) == 0


async def test_all_chats_together_stay_below_thirty_a_second(clock: Clock) -> None:
    limits, count = SendLimits(clock=clock), 0
    end = clock.now + 1
    while clock.now < end:
        if limits.wait(1_000 + count) == 0:
            await limits.acquire(1_000 + count)
            count += 1
        else:
            clock.now += 0.001

    assert 25 <= count <= 30


async def test_what_telegram_asks_for_is_kept(limits: SendLimits, clock: Clock) -> None:
    limits.pause(GROUP, 137)

    assert limits.wait(GROUP) == 137
    clock.now += 137
    assert limits.wait(GROUP) == 0


async def test_room_for_two_comes_later_than_room_for_one(limits: SendLimits, clock: Clock) -> None:
    assert limits.wait(PERSON, messages=2) == 0
    await limits.acquire(PERSON)
    clock.now += 1

    assert (limits.wait(PERSON), limits.wait(PERSON, messages=2)) == (0, 1)
