"""Consent to training: nobody has it by default, and it can be withdrawn."""

import pytest

from dialogue.conversation import Address
from dialogue.errors import UnknownConversation
from dialogue.store.store import Store
from tests.dialogue.store.samples import CHAT, ask

OTHER = Address("telegram", "somebody else")


async def agreed(store: Store, conversation: str) -> bool:
    return (await store.conversations.get(conversation)).consent


async def test_a_new_conversation_has_no_consent(store: Store) -> None:
    assert not await agreed(store, (await ask(store, "hello")).conversation)
    assert not (await store.conversations.start(OTHER)).consent


async def test_a_yes_holds_here_and_from_now_on(store: Store) -> None:
    before = (await store.conversations.start(CHAT)).id
    now = (await store.conversations.start(CHAT)).id
    other = (await store.conversations.start(OTHER)).id

    await store.conversations.set_consent_at(CHAT, True)

    assert [await agreed(store, conversation) for conversation in (before, now, other)] == [
        False,
        True,
        False,
    ]
    assert (await store.conversations.start(CHAT)).consent


async def test_a_no_holds_for_all_that_was_said(store: Store) -> None:
    await store.conversations.start(CHAT)
    await store.conversations.set_consent_at(CHAT, True)
    before, now = (await store.conversations.current(CHAT)), await store.conversations.start(CHAT)
    assert before is not None

    await store.conversations.set_consent_at(CHAT, False)

    assert [await agreed(store, conversation.id) for conversation in (before, now)] == [False, False]
    assert not (await store.conversations.start(CHAT)).consent


async def test_where_all_agreed_elsewhere_a_no_still_counts(store_url: str) -> None:
    async with await Store.open(store_url, consent=True) as store:
        assert (await store.conversations.start(CHAT)).consent
        assert await agreed(store, (await ask(store, "hello", OTHER)).conversation)
        await store.conversations.set_consent_at(CHAT, False)
        assert not (await store.conversations.start(CHAT)).consent


async def test_nobody_agrees_for_a_conversation_that_is_not_there(store: Store) -> None:
    with pytest.raises(UnknownConversation):
        await store.conversations.set_consent("nowhere", True)
    await store.conversations.set_consent_at(CHAT, True)
    assert await store.conversations.current(CHAT) is None
