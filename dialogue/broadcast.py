"""Live events of a conversation, fanned out to whoever listens in this process.

A preview only: what counts is in the store, so a listener that falls behind loses tokens, never an answer.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from dialogue.events import Event

BACKLOG = 2_000
"""Events a listener may lag behind before it loses the newest ones."""


class Listener:
    """An endless iterator over one conversation's events."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue(BACKLOG)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        return await self._queue.get()

    def offer(self, event: Event) -> None:
        if not self._queue.full():
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
