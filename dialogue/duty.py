"""Who is on duty: the responder that answers now, lent for one attempt at a time, so that no turn is mixed.

Another one may take over at any moment, between attempts and while some run. Knows nothing of models and releases.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from dialogue.responder import Responder


class Post:
    """A responder, and how many attempts hold it."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder
        self._attempts = 0
        self._free = asyncio.Event()
        self._free.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        self._attempts += 1
        self._free.clear()
        try:
            yield
        finally:
            self._attempts -= 1
            if not self._attempts:
                self._free.set()

    async def left(self) -> None:
        """Returns when nobody holds it."""
        await self._free.wait()


class Duty:
    """One a process; the responder of its beginning is replaced as often as another lineup goes live."""

    def __init__(self, responder: Responder) -> None:
        self._post = Post(responder)

    @property
    def responder(self) -> Responder:
        """Who would be lent now."""
        return self._post.responder

    @contextmanager
    def lent(self) -> Iterator[Responder]:
        """The responder for one attempt: it stays usable until the block ends, whoever takes over meanwhile."""
        post = self._post
        with post.held():
            yield post.responder

    async def relieve(self, responder: Responder) -> None:
        """`responder` is lent from now on. Returns when the last attempt of the former one has ended."""
        former, self._post = self._post, Post(responder)
        await former.left()
