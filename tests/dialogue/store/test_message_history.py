"""The store as langchain's chat message history: everything comes back as it was, in order."""

import asyncio

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from dialogue.conversation import Address, Mode, RecordedMessage, Role, Utterance
from dialogue.errors import ConversationClosed, DialogueError
from dialogue.store.message_history import StoredMessageHistory
from dialogue.store.migrations import upgrade
from dialogue.store.store import Store
from tests.dialogue.store.samples import CHAT

CALL = {"name": "look_up", "args": {"order": "1234"}, "id": "call-1", "type": "tool_call"}
MESSAGES: list[BaseMessage] = [
    SystemMessage("Be brief."),
    HumanMessage("Where is order 1234?", name="ada"),
    AIMessage("", tool_calls=[CALL]),
    ToolMessage("on its way", tool_call_id="call-1"),
    AIMessage("It is on its way.", response_metadata={"model": "small"}),
]


async def test_messages_come_back_as_they_were(store: Store) -> None:
    history = StoredMessageHistory(store, "s1")
    assert await history.aget_messages() == []
    await history.aadd_messages(MESSAGES)
    assert await history.aget_messages() == MESSAGES
    assert await StoredMessageHistory(store, "s1", limit=2).aget_messages() == MESSAGES[-2:]
    assert await StoredMessageHistory(store, "s2").aget_messages() == []


async def test_messages_of_many_writers_keep_their_order(store: Store) -> None:
    batches = [[HumanMessage(f"{n}"), AIMessage(f"{n}"), AIMessage(f"{n}")] for n in range(12)]
    await asyncio.gather(*(StoredMessageHistory(store, "s1").aadd_messages(batch) for batch in batches))
    kept = [message.text for message in await StoredMessageHistory(store, "s1").aget_messages()]
    assert sorted(kept[::3]) == sorted(str(n) for n in range(12))
    assert kept[::3] == kept[1::3] == kept[2::3]


async def test_nobody_has_to_answer_what_is_recorded(store: Store) -> None:
    await StoredMessageHistory(store, "s1").aadd_messages(MESSAGES)
    assert await store.claims.unclaimed(10) == []


async def test_a_session_is_erased(store: Store) -> None:
    history = StoredMessageHistory(store, "s1")
    await history.aadd_messages(MESSAGES)
    await history.aclear()
    assert await history.aget_messages() == []
    assert await store.conversations.current(Address("langchain", "s1")) is None


async def test_a_conversation_with_the_bot_is_read_as_messages(store: Store) -> None:
    receipt = await store.turns.accept(Utterance(CHAT, "m1", "Hello", reference="telegram:77"))
    claim = await store.claims.claim(receipt.conversation.id, "worker", 10)
    assert claim is not None
    history = StoredMessageHistory(store, CHAT.account, channel=CHAT.channel)
    await history.aadd_messages([AIMessage("Good day.")])
    assert await history.aget_messages() == [HumanMessage("Hello"), AIMessage("Good day.")]


async def test_a_closed_conversation_takes_no_more(store: Store) -> None:
    (turn,) = await store.turns.record(CHAT, [RecordedMessage(Role.USER, "Hello")])
    await store.conversations.set_mode(turn.conversation, Mode.CLOSED)
    with pytest.raises(ConversationClosed):
        await StoredMessageHistory(store, CHAT.account, channel=CHAT.channel).aadd_messages(MESSAGES)
    assert len(await store.turns.after(turn.conversation, 0, 10)) == 1


async def test_synchronous_code_in_a_thread_uses_the_loop_of_the_store(store: Store) -> None:
    history = StoredMessageHistory(store, "s1")

    def work() -> list[BaseMessage]:
        history.add_messages(MESSAGES)
        kept = history.messages
        history.clear()
        return kept

    assert await asyncio.to_thread(work) == MESSAGES
    assert await history.aget_messages() == []


async def test_in_the_loop_itself_it_says_what_to_do(store: Store) -> None:
    with pytest.raises(DialogueError, match="aget_messages"):
        _ = StoredMessageHistory(store, "s1").messages


def test_a_plain_script_needs_no_loop(sqlite_url: str) -> None:
    asyncio.run(upgrade(sqlite_url))
    store = asyncio.run(Store.open(sqlite_url))
    history = StoredMessageHistory(store, "s1")
    history.add_user_message("Hello")
    assert history.messages == [HumanMessage("Hello")]
    asyncio.run(store.close())
