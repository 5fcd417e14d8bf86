"""What a caller of the manager sees of one turn, in order.

`Accepted`, `Rewritten`, `Retrieved`, `Token`*, `Answered`. A try that comes to nothing ends with `Failed`; the next one
begins with `Rewritten` again.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from dialogue.conversation import Citation, Passage


@dataclass(frozen=True, slots=True)
class Accepted:
    """The user's turn is committed; the channel may acknowledge it (I2)."""

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
    """The next piece of the answer's text, in order; a preview: `Answered` holds what was committed."""

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
    """This try at the answer came to nothing: what was shown of it is void; `message` is for the person.

    `code` says who goes on: `engine` (it is tried again; after the last try an apology is `Answered`) or `human`.
    """

    code: str
    message: str
    turn: int


Event = Accepted | Rewritten | Retrieved | Token | Answered | Failed
"""All but `Answered` carry the number of the user's turn."""


MAX_QUEUED_EVENTS = 2_000
"""Events a listener may lag behind before it loses tokens."""


class Subscription:
    """An endless iterator over one conversation's events."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        return await self._queue.get()

    async def lively(self, seconds: float) -> AsyncGenerator[Event]:
        """The events until none has come for `seconds`."""
        with suppress(TimeoutError):
            while True:
                yield await asyncio.wait_for(self._queue.get(), seconds)

    def offer(self, event: Event) -> None:
        if self._queue.qsize() < MAX_QUEUED_EVENTS or not isinstance(event, Token):
            self._queue.put_nowait(event)


class EventBus:
    """Who listens to which conversation."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[Subscription]] = defaultdict(set)

    @contextmanager
    def listen(self, conversation: str) -> Iterator[Subscription]:
        """Events of `conversation` published from now until the block ends."""
        subscription = Subscription()
        self._listeners[conversation].add(subscription)
        try:
            yield subscription
        finally:
            self._listeners[conversation].discard(subscription)
            if not self._listeners[conversation]:
                del self._listeners[conversation]

    def publish(self, conversation: str, event: Event) -> None:
        for subscription in self._listeners.get(conversation, ()):
            subscription.offer(event)
