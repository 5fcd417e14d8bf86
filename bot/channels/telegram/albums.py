"""Albums: Telegram sends each photo as a message of its own, and at most one of them has the caption.

The caption is answered; only an album in which nobody wrote a word gets the answer that the bot reads text alone.
"""

import asyncio
from collections.abc import Callable

from bot.channels.telegram.limits import RecentKeys

ALBUM_PAUSE = 1.0
"""Seconds to wait for a caption after the first photo without one."""


class Albums:
    """What is known of the albums that are arriving."""

    def __init__(self, pause: float = ALBUM_PAUSE) -> None:
        self._pause = pause
        self._seen = RecentKeys()
        self._captioned = RecentKeys()
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def with_caption(self, album: str) -> None:
        """A message of `album` has text."""
        self._captioned.add(album)

    def without_caption(self, album: str, refuse: Callable[[], None]) -> None:
        """A message of `album` has none: `refuse` once, unless a caption comes."""
        if self._seen.add(album):
            loop = asyncio.get_running_loop()
            self._waiting[album] = loop.call_later(self._pause, self._end, album, refuse)

    def close(self) -> None:
        """Wait for nothing any more."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def _end(self, album: str, refuse: Callable[[], None]) -> None:
        del self._waiting[album]
        if album not in self._captioned:
            refuse()
