"""Erasure: one person is erased, and everybody else stays."""

from pathlib import Path

import pytest

from dialogue.conversation import Address
from dialogue.errors import ClaimLost
from dialogue.store.store import Store
from tests.dialogue.store.rows import rows
from tests.dialogue.store.samples import ANSWER, CHAT, ask, exchange

GROUP = Address("telegram", "group")
PERSONAL = ("conversation", "turn", "hit", "outbox", "feedback")


async def test_an_account_is_forgotten_with_all_its_conversations(store: Store, store_url: str) -> None:
    answer = await exchange(store, "My secret is 42")
    await store.feedback.rate(answer.conversation, 2, "ann", "up")
    await store.conversations.start(CHAT)
    await ask(store, "Another secret")

    erasure = await store.erasure.forget("telegram", account=CHAT.account)

    assert erasure.counts == {"conversations": 2, "turns": 3, "hits": 1, "outbox": 1, "feedback": 1}
    assert answer.conversation in erasure.conversations
    assert len(erasure.conversations) == 2
    assert erasure.releases == ("base-1",)
    assert [await rows(store_url, table) for table in PERSONAL] == [[]] * len(PERSONAL)
    assert len(await rows(store_url, "passage")) == 1


async def test_the_others_remain(store: Store, store_url: str) -> None:
    other = await exchange(store, "hello", Address("telegram", "other"))
    await exchange(store, "hello", Address("websocket", CHAT.account))
    await exchange(store, "My secret is 42")

    await store.erasure.forget("telegram", account=CHAT.account)

    assert await store.turns.get(other.conversation, 2) == other
    assert len(await rows(store_url, "turn")) == 4


async def test_one_author_in_a_group(store: Store, store_url: str) -> None:
    await exchange(store, "I am Ann", GROUP, author="ann")
    bob = await exchange(store, "I am Bob", GROUP, author="bob")
    await store.feedback.rate(bob.conversation, bob.number, "ann", "up")
    await store.feedback.rate(bob.conversation, bob.number, "bob", "up")

    erasure = await store.erasure.forget("telegram", account="group", author="ann")

    assert erasure.counts == {"turns": 2, "hits": 1, "outbox": 1, "feedback": 1}
    assert [turn.text for turn in await store.turns.after(bob.conversation, 0, 9)] == [
        "I am Bob",
        ANSWER.text,
    ]
    assert [row["rater"] for row in await rows(store_url, "feedback")] == ["bob"]
    assert (await ask(store, "next", GROUP)).number == 5


async def test_one_author_wherever_they_spoke_on_the_channel(store: Store, store_url: str) -> None:
    await exchange(store, "one", GROUP, author="ann")
    await exchange(store, "two", Address("telegram", "second group"), author="ann")
    await exchange(store, "three", Address("websocket", "page"), author="ann")

    erasure = await store.erasure.forget("telegram", author="ann")

    assert erasure.counts["turns"] == 4
    assert {row["channel"] for row in await rows(store_url, "turn")} == {"websocket"}


async def test_forgotten_while_the_bot_is_at_the_answer(store: Store, store_url: str) -> None:
    turn = await ask(store, "My secret is 42")
    claim = await store.claims.claim(turn.conversation, "one", 60)
    assert claim is not None

    await store.erasure.forget("telegram", account=CHAT.account)

    with pytest.raises(ClaimLost):
        await store.turns.commit(claim, turn, ANSWER, {})
    assert await rows(store_url, "turn") == await rows(store_url, "outbox") == []


async def test_nobody_to_forget(store: Store) -> None:
    assert sum((await store.erasure.forget("telegram", account="never seen")).counts.values()) == 0
    with pytest.raises(ValueError, match="whom"):
        await store.erasure.forget("telegram")


async def test_no_trace_is_left_in_the_files(sqlite_url: str, tmp_path: Path) -> None:
    async with await Store.open(sqlite_url) as store:
        await exchange(store, "My secret is Xyzzy-4711")
        assert _in_files(b"Xyzzy-4711", tmp_path)

        await store.erasure.forget("telegram", account=CHAT.account)

        assert not _in_files(b"Xyzzy-4711", tmp_path)


def _in_files(words: bytes, folder: Path) -> bool:
    return any(words in file.read_bytes() for file in folder.iterdir())
