"""Messages are stored once, in order, in the right conversation."""

import asyncio
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialogue.conversation import Address, Mode, Role, Utterance
from dialogue.errors import ConversationClosed, UnknownConversation
from dialogue.store.store import Store
from tests.dialogue.store.samples import CHAT, ask, said


async def test_first_message_opens_a_conversation(store: Store) -> None:
    receipt = await store.turns.accept(
        Utterance(CHAT, "m1", "你好", author="ann", language="zh", reference="77")
    )

    assert receipt.turn.number == 1
    assert (receipt.turn.role, receipt.turn.text, receipt.turn.author) == (Role.USER, "你好", "ann")
    assert (receipt.turn.language, receipt.turn.reference) == ("zh", "77")
    assert receipt.turn.created_at.utcoffset() is not None
    assert receipt.conversation.address == CHAT
    assert receipt.conversation.language == "zh"
    assert receipt.conversation.mode is Mode.BOT
    assert not receipt.conversation.consent
    assert not receipt.duplicate


async def test_later_messages_of_an_address_join_its_conversation(store: Store) -> None:
    turns = [await ask(store, text) for text in "abc"]

    assert [turn.number for turn in turns] == [1, 2, 3]
    assert len({turn.conversation for turn in turns}) == 1


async def test_addresses_do_not_share_conversations(store: Store) -> None:
    one = await ask(store, "hello", Address("telegram", "1"))
    other = await ask(store, "hello", Address("websocket", "1"))

    assert one.conversation != other.conversation


async def test_redelivered_message_finds_the_turn_that_is_there(store: Store) -> None:
    first = await store.turns.accept(said("hello", external_id="update-1"))
    again = await store.turns.accept(said("hello, edited", external_id="update-1"))

    assert again.duplicate
    assert again.turn == first.turn
    assert again.conversation.id == first.conversation.id


async def test_redelivery_is_recognised_after_a_new_conversation(store: Store) -> None:
    first = await store.turns.accept(said("hello", external_id="update-1"))
    await store.conversations.start(CHAT)

    assert (await store.turns.accept(said("hello", external_id="update-1"))).turn == first.turn


async def test_the_same_id_at_another_address_is_another_message(store: Store) -> None:
    await store.turns.accept(said("hello", Address("telegram", "1"), external_id="7"))

    assert not (await store.turns.accept(said("hello", Address("telegram", "2"), external_id="7"))).duplicate


async def test_message_redelivered_to_two_processes_at_once_is_stored_once(
    store: Store, store_url: str
) -> None:
    async with await Store.open(store_url) as other:
        deliveries = [
            replica.turns.accept(said(str(n), external_id=str(n)))
            for n in range(15)
            for replica in (store, other)
        ]
        receipts = await asyncio.gather(*deliveries)

    assert sorted(receipt.duplicate for receipt in receipts) == [False] * 15 + [True] * 15
    assert len({receipt.conversation.id for receipt in receipts}) == 1
    assert sorted({receipt.turn.number for receipt in receipts}) == list(range(1, 16))
    assert all(a.turn == b.turn for a, b in zip(receipts[::2], receipts[1::2], strict=True))


async def test_message_into_a_named_conversation(store: Store) -> None:
    former = await store.conversations.start(CHAT)
    await store.conversations.start(CHAT)

    receipt = await store.turns.accept(said("still here?"), former.id)

    assert receipt.conversation.id == former.id


async def test_conversation_of_another_address_is_unknown(store: Store) -> None:
    theirs = await store.conversations.start(Address("telegram", "someone else"))

    with pytest.raises(UnknownConversation):
        await store.turns.accept(said("let me in"), theirs.id)


async def test_unknown_conversation(store: Store) -> None:
    with pytest.raises(UnknownConversation, match="Start a new one"):
        await store.turns.accept(said("hello"), "no such id")


async def test_closed_conversation_takes_no_message(store: Store) -> None:
    turn = await ask(store, "hello")
    await store.conversations.set_mode(turn.conversation, Mode.CLOSED)

    with pytest.raises(ConversationClosed):
        await ask(store, "one more thing")

    assert len(await store.turns.after(turn.conversation, 0, 10)) == 1


async def test_a_new_conversation_becomes_the_current_one(store: Store) -> None:
    assert await store.conversations.current(CHAT) is None
    before = await ask(store, "hello")

    started = await store.conversations.start(CHAT, language="en")
    after = await ask(store, "hello again")

    assert await store.conversations.current(CHAT) == await store.conversations.get(started.id)
    assert started.language == "en"
    assert after.conversation == started.id != before.conversation
    assert after.number == 1


async def test_starts_at_once_leave_one_current_conversation(store: Store, store_url: str) -> None:
    async with await Store.open(store_url) as other:
        started = await asyncio.gather(*(replica.conversations.start(CHAT) for replica in [store, other] * 4))

    current = await store.conversations.current(CHAT)
    assert current is not None
    assert current.id in {conversation.id for conversation in started}


async def test_conversation_ids_cannot_be_guessed(store: Store) -> None:
    ids = {(await store.conversations.start(CHAT)).id for _ in range(20)}

    assert len(ids) == 20
    assert all(len(each) >= 22 for each in ids)


HOSTILE = st.text(st.characters(codec=None) | st.sampled_from("\0\ud800\udc00\udfff"), max_size=40)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HOSTILE, author=HOSTILE)
async def test_any_text_is_accepted_and_read_back(store: Store, text: str, author: str) -> None:
    turn = await ask(store, text, author=author)

    assert turn == await store.turns.get(turn.conversation, turn.number)
    assert turn.text == re.sub("[\0\ud800-\udfff]", "\ufffd", text)


async def test_what_no_database_holds_becomes_a_replacement_character(store: Store) -> None:
    assert (await ask(store, "a\0b\ud83dc")).text == "a\ufffdb\ufffdc"


async def test_names_of_any_length_are_kept_apart(store: Store) -> None:
    long = "x" * 100_000
    first = await store.turns.accept(said("hello", Address("websocket", long), external_id=long + "1"))
    other = await store.turns.accept(said("hello", Address("websocket", long), external_id=long + "2"))
    again = await store.turns.accept(said("hello", Address("websocket", long), external_id=long + "1"))

    assert not other.duplicate
    assert again.turn == first.turn
