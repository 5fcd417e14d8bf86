"""`hold_claim` keeps the claim while a block runs, and releases it however the block ends."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from dialogue.conversation import Mode
from dialogue.errors import ClaimLost, StoreUnavailable
from dialogue.store.claims import Claims
from dialogue.store.store import Store
from dialogue.worker import hold_claim
from tests.dialogue.bot_process import FlakyStore
from tests.dialogue.store.samples import CHAT


async def test_the_block_has_the_only_claim(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)
    async with (
        hold_claim(store.claims, conversation.id, "one", 10) as claim,
        hold_claim(store.claims, conversation.id, "two", 10) as other,
    ):
        assert claim is not None
        assert other is None
    async with hold_claim(store.claims, conversation.id, "two", 10) as other:
        assert other is not None


async def test_the_claim_is_released_when_the_block_fails(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)
    with pytest.raises(ZeroDivisionError):
        async with hold_claim(store.claims, conversation.id, "one", 10):
            raise ZeroDivisionError
    assert await store.claims.claim(conversation.id, "two", 10) is not None


async def test_the_claim_is_released_when_the_block_is_cancelled(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)
    entered = asyncio.Event()

    async def block() -> None:
        async with hold_claim(store.claims, conversation.id, "one", 10):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(block())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.claims.claim(conversation.id, "two", 10) is not None


@pytest.mark.parametrize("slow", ["claim", "release"])
async def test_no_claim_is_left_behind_when_the_worker_is_cancelled_while_it_claims_or_releases(
    store: Store, slow: str
) -> None:
    conversation = await store.conversations.start(CHAT)
    claims = SlowClaims(store.claims, slow)

    async def block() -> None:
        async with hold_claim(claims, conversation.id, "one", 10):  # type: ignore[arg-type]
            pass

    task = asyncio.create_task(block())
    await claims.reached.wait()
    task.cancel()
    await asyncio.sleep(0)
    claims.proceed.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.claims.claim(conversation.id, "two", 10) is not None


class SlowClaims:
    """The claims of a store whose method `slow` waits for `proceed`."""

    def __init__(self, claims: Claims, slow: str) -> None:
        self._claims = claims
        self._slow = slow
        self.reached, self.proceed = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._claims, name)

        async def call(*given: Any) -> Any:
            if name == self._slow:
                self.reached.set()
                await self.proceed.wait()
            return await method(*given)

        return call


async def test_a_block_may_last_longer_than_the_lease(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)
    lease = timedelta(seconds=0.6).total_seconds()
    async with hold_claim(store.claims, conversation.id, "one", lease):
        await asyncio.sleep(2 * lease)
        assert await store.claims.claim(conversation.id, "two", 10) is None


async def test_a_lost_claim_cuts_the_block_short(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)
    with pytest.raises(ClaimLost):
        async with asyncio.timeout(5), hold_claim(store.claims, conversation.id, "one", 0.1):
            await store.conversations.set_mode(conversation.id, Mode.HUMAN)
            await asyncio.Event().wait()


async def test_a_database_that_is_down_is_asked_again(sqlite_url: str) -> None:
    async with await FlakyStore.open(sqlite_url) as store:
        assert isinstance(store, FlakyStore)
        conversation = await store.conversations.start(CHAT)
        async with hold_claim(store.claims, conversation.id, "one", 0.3):
            store.call, store.away = "renew", True
            await asyncio.sleep(0.15)
            store.away = False
            await asyncio.sleep(0.3)
            assert await store.claims.claim(conversation.id, "two", 10) is None
        store.call, store.away = "claim", True
        with pytest.raises(StoreUnavailable):
            async with hold_claim(store.claims, conversation.id, "one", 10):
                pass
