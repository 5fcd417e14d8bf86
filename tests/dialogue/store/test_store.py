"""The fields of a conversation, and how a store opens and fails."""

import asyncio
from pathlib import Path

import pytest

from dialogue.conversation import Mode
from dialogue.errors import StateChanged, StoreUnavailable, UnknownConversation
from dialogue.store.store import Store
from tests.dialogue.store.samples import CHAT, ask


async def test_a_store_that_is_there_answers(store: Store) -> None:
    await store.ping()


async def test_language_consent_and_mode(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)

    await store.conversations.set_language(conversation.id, "zh")
    await store.conversations.set_consent(conversation.id, True)
    changed = await store.conversations.set_mode(conversation.id, Mode.HUMAN)

    assert (changed.language, changed.consent, changed.mode) == ("zh", True, Mode.HUMAN)
    assert changed == await store.conversations.get(conversation.id)


async def test_state_is_replaced_by_one_who_has_read_it(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)
    assert conversation.state == {}

    first = await store.conversations.set_state(
        conversation.id, {"order": "4711", "步骤": [1, None]}, conversation.state_version
    )

    assert first.state == {"order": "4711", "步骤": [1, None]}
    with pytest.raises(StateChanged, match="Read it again"):
        await store.conversations.set_state(conversation.id, {}, conversation.state_version)
    assert (await store.conversations.set_state(conversation.id, {}, first.state_version)).state == {}


async def test_of_many_who_read_the_same_state_one_changes_it(store: Store) -> None:
    conversation = await store.conversations.start(CHAT)

    changes = [
        store.conversations.set_state(conversation.id, {"winner": n}, conversation.state_version)
        for n in range(8)
    ]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)

    assert sum(isinstance(outcome, StateChanged) for outcome in outcomes) == 7


async def test_unknown_conversations_are_named(store: Store) -> None:
    for change in (
        store.conversations.get("nobody"),
        store.conversations.set_language("nobody", "en"),
        store.conversations.set_consent("nobody", True),
        store.conversations.set_mode("nobody", Mode.CLOSED),
        store.conversations.set_state("nobody", {}, 0),
    ):
        with pytest.raises(UnknownConversation, match="nobody"):
            await change


async def test_a_cancelled_caller_leaves_the_store_usable(store: Store) -> None:
    for delay in (0, 0.0005, 0.001, 0.002, 0.004):
        asking = asyncio.create_task(ask(store, "never mind"))
        await asyncio.sleep(delay)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    turn = await ask(store, "hello")
    assert [each.number for each in await store.turns.after(turn.conversation, 0, 10)] == list(
        range(1, turn.number + 1)
    )


async def test_what_was_written_is_there_for_the_next_process(store: Store, store_url: str) -> None:
    turn = await ask(store, "hello")
    await store.close()

    async with await Store.open(store_url) as reopened:
        assert await reopened.turns.after(turn.conversation, 0, 5) == [turn]


async def test_an_empty_database_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="Upgrade its tables"):
        await Store.open(f"sqlite:///{tmp_path / 'new.db'}")
