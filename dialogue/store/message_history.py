"""The store as langchain's chat message history: messages of a session that plain langchain code holds.

They are recorded as turns, which are numbered, so that messages of the same millisecond keep their order. Nobody here
answers them.
"""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    message_to_dict,
    messages_from_dict,
)

from dialogue.conversation import Address, RecordedMessage, Role, Turn
from dialogue.errors import DialogueError
from dialogue.store.schema import MAX_INTEGER
from dialogue.store.store import Store

CHANNEL = "langchain"
MARK = "langchain:"
"""What the reference of a recorded message begins with; the whole message follows, as langchain writes it."""

Result = TypeVar("Result")


class StoredMessageHistory(BaseChatMessageHistory):
    """The messages of one session, oldest first.

    session: your own id of it. channel: with that of another channel, the session is an account there, and what was
    said to the bot is read as human and AI messages. limit: how many of the newest messages are read; all unless given.

    The asynchronous methods run on the store's event loop. The others may be called from any other thread while that
    loop runs; without a loop, as in a plain script, from anywhere with SQLite.
    """

    def __init__(
        self, store: Store, session: str, *, channel: str = CHANNEL, limit: int = MAX_INTEGER
    ) -> None:
        self._store = store
        self._address = Address(channel, session)
        self._limit = limit
        self._loop = _running_loop()

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]
        return self._wait(self.aget_messages())

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        self._wait(self.aadd_messages(messages))

    def clear(self) -> None:
        self._wait(self.aclear())

    async def aget_messages(self) -> list[BaseMessage]:
        """Raises StoreUnavailable."""
        home = await self._store.conversations.current(self._address)
        if home is None:
            return []
        return [_message(turn) for turn in await self._store.turns.history(home.id, MAX_INTEGER, self._limit)]

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """All of them in one transaction. Raises StoreUnavailable."""
        await self._store.turns.record(self._address, [_recorded(message) for message in messages])

    async def aclear(self) -> None:
        """Erase the session, and every earlier one of the same id. Raises StoreUnavailable."""
        await self._store.erasure.forget(self._address.channel, self._address.account)

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        here = _running_loop()
        if here is not None:
            work.close()
            raise DialogueError(
                "An event loop runs in this thread: await the method's `a` form, as `aget_messages`."
            )
        if self._loop is None:
            return asyncio.run(work)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _recorded(message: BaseMessage) -> RecordedMessage:
    role = Role.USER if isinstance(message, HumanMessage) else Role.ASSISTANT
    return RecordedMessage(role, str(message.text), MARK + json.dumps(message_to_dict(message)))


def _message(turn: Turn) -> BaseMessage:
    if turn.reference is not None and turn.reference.startswith(MARK):
        return messages_from_dict([json.loads(turn.reference.removeprefix(MARK))])[0]
    return HumanMessage(turn.text) if turn.role is Role.USER else AIMessage(turn.text)
