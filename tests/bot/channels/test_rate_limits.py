from bot.channels.rate_limits import Rate, TokenBucket, TokenBuckets

SPEED = Rate(burst=2, per_second=0.5)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_allowed_then_one_step_at_a_time() -> None:
    clock = Clock()
    bucket = TokenBucket(SPEED, clock)
    assert [bucket.step() for _ in range(3)] == [True, True, False]
    clock.now = 1.9
    assert not bucket.step()
    clock.now = 3.9
    assert [bucket.step(), bucket.step()] == [True, False]


def test_a_long_rest_gives_no_more_than_a_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(SPEED, clock)
    clock.now = 1e9
    assert [bucket.step() for _ in range(3)] == [True, True, False]


def test_each_name_has_its_own_pace() -> None:
    buckets = TokenBuckets(Rate(burst=1, per_second=0), clock=Clock())
    assert buckets.step("a")
    assert buckets.step("b")
    assert not buckets.step("a")


def test_only_the_names_used_last_are_remembered() -> None:
    buckets = TokenBuckets(Rate(burst=1, per_second=0), most=2, clock=Clock())
    for name in ("a", "b", "a", "c"):
        buckets.step(name)
    assert not buckets.step("a")
    assert buckets.step("b")
