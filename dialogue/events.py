"""The live events of a turn, and the bus that carries them from a worker to whoever follows the conversation.

In order: `Accepted`, `Rewritten`, `Retrieved`, `Token`*, `Answered`. An attempt that fails ends with `Failed`, and the
next one starts at `Rewritten` again. Events are a preview in memory; what counts is in the store.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from dialogue.conversation import Citation, Passage


@dataclass(frozen=True, slots=True)
class Accepted:
    """The user's turn is committed, so the channel may acknowledge it (I2)."""

    turn: int
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Rewritten:
    turn: int
    query: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    turn: int
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text. A preview: `Answered` carries the committed text."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer is committed as `turn`; `reply_to` is the user's turn."""

    turn: int
    reply_to: int
    text: str
    citations: tuple[Citation, ...]
    abstained: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """This attempt failed, and the text shown so far is void. `message` is for the person.

    code: `engine` if the answer is tried again (after the last attempt an apology is `Answered`), `human` if a human
    took over.
    """

    code: str
    message: str
    turn: int


Event = Accepted | Rewritten | Retrieved | Token | Answered | Failed
"""In all but `Answered`, `turn` is the number of the user's turn."""


MAX_QUEUED_EVENTS = 2_000
"""How far a subscriber may lag before it loses tokens; it never loses other events."""


class Subscription:
    """An endless asynchronous iterator over the events of one conversation."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        return await self._queue.get()

    async def until_quiet(self, seconds: float) -> AsyncGenerator[Event]:
        """The events, until there has been none for `seconds`."""
        with suppress(TimeoutError):
            while True:
                yield await asyncio.wait_for(self._queue.get(), seconds)

    def put(self, event: Event) -> None:
        if self._queue.qsize() < MAX_QUEUED_EVENTS or not isinstance(event, Token):
            self._queue.put_nowait(event)


class EventBus:
    """Publishes events to the subscriptions of a conversation, within this process."""

    def __init__(self) -> None:
        self._subscriptions: defaultdict[str, set[Subscription]] = defaultdict(set)

    @contextmanager
    def listen(self, conversation: str) -> Iterator[Subscription]:
        """Subscribe to the events of `conversation` until the block ends."""
        subscription = Subscription()
        self._subscriptions[conversation].add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions[conversation].discard(subscription)
            if not self._subscriptions[conversation]:
                del self._subscriptions[conversation]

    def publish(self, conversation: str, event: Event) -> None:
        for subscription in self._subscriptions.get(conversation, ()):
            subscription.put(event)
