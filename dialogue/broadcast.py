"""Live events of a conversation, fanned out to whoever listens in this process.

A preview only: what counts is in the store. A listener that falls behind loses tokens, never how a turn ends.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress

from dialogue.events import Event, Token

BACKLOG = 2_000
"""Events a listener may lag behind before it loses tokens."""


class Listener:
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
        if self._queue.qsize() < BACKLOG or not isinstance(event, Token):
            self._queue.put_nowait(event)


class Broadcast:
    """Who listens to which conversation."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)

    @contextmanager
    def listen(self, conversation: str) -> Iterator[Listener]:
        """Events of `conversation` published from now until the block ends."""
        listener = Listener()
        self._listeners[conversation].add(listener)
        try:
            yield listener
        finally:
            self._listeners[conversation].discard(listener)
            if not self._listeners[conversation]:
                del self._listeners[conversation]

    def publish(self, conversation: str, event: Event) -> None:
        for listener in self._listeners.get(conversation, ()):
            listener.offer(event)
