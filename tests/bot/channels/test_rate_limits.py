from bot.channels.rate_limits import Rate, TokenBucket, TokenBuckets

RATE = Rate(burst=2, per_second=0.5)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_allowed_then_one_token_at_a_time() -> None:
    clock = Clock()
    bucket = TokenBucket(RATE, clock)
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    clock.now = 1.9
    assert not bucket.take()
    clock.now = 3.9
    assert [bucket.take(), bucket.take()] == [True, False]


def test_a_long_rest_gives_no_more_than_a_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(RATE, clock)
    clock.now = 1e9
    assert [bucket.take() for _ in range(3)] == [True, True, False]


def test_each_key_has_its_own_bucket() -> None:
    buckets = TokenBuckets(Rate(burst=1, per_second=0), clock=Clock())
    assert buckets.take("a")
    assert buckets.take("b")
    assert not buckets.take("a")


def test_only_the_keys_used_last_are_remembered() -> None:
    buckets = TokenBuckets(Rate(burst=1, per_second=0), size=2, clock=Clock())
    for name in ("a", "b", "a", "c"):
        buckets.take(name)
    assert not buckets.take("a")
    assert buckets.take("b")
