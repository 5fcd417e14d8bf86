"""The text engines in memory: each model once, however many tasks and lineups use it, and closed after the last.

Knows when to load and when to close; it is given what does so.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from langchain_core.language_models import BaseChatModel

from bot.adapters import Model
from bot.metrics import EngineWatch

Load = Callable[[Model], BaseChatModel]
Close = Callable[[BaseChatModel], None]
"""Both may take seconds; they are called in a thread."""


class Engines:
    """Those of one process; `watch` sees the calls of all of them."""

    def __init__(self, load: Load, close: Close, watch: EngineWatch) -> None:
        self._load = load
        self._close = close
        self._watch = watch
        self._engines: dict[str, BaseChatModel] = {}
        self._users: Counter[str] = Counter()
        self._one_by_one = asyncio.Lock()

    @asynccontextmanager
    async def held(self, model: Model) -> AsyncIterator[BaseChatModel]:
        """The engine of `model`, which stays open at least until the block ends. Raises what `load` raises."""
        key = await asyncio.to_thread(lambda: model.identity)
        engine = await self._engine(key, model)
        self._users[key] += 1
        try:
            yield engine
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                await asyncio.to_thread(self._close, self._engines.pop(key))

    async def _engine(self, key: str, model: Model) -> BaseChatModel:
        async with self._one_by_one:
            if key not in self._engines:
                engine = await asyncio.to_thread(self._load, model)
                engine.callbacks = [self._watch]
                self._engines[key] = engine
            return self._engines[key]
