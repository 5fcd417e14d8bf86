"""A chat model for tests: gives prepared answers word by word, and can be paused at any word."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr

STANDARD = "It takes 230 volts [1]."


class FakeChatModel(BaseChatModel):
    """Gives the `answers` one after the other, repeating the last; an exception among them is raised.

    `rewrites` work in the same way. `pause()` makes it wait before the next word until `resume()`; `delay` is in
    seconds per word.
    """

    answers: list[Any] = Field(default_factory=lambda: [STANDARD])
    rewrites: list[Any] = Field(default_factory=lambda: [""])
    delay: float = 0.0
    _running: asyncio.Event = PrivateAttr(default_factory=asyncio.Event)
    _streaming: int = PrivateAttr(0)
    _prompts: list[str] = PrivateAttr(default_factory=list)

    def model_post_init(self, context: Any) -> None:
        super().model_post_init(context)
        self._running.set()

    @property
    def _llm_type(self) -> str:
        return "fake"

    @property
    def streaming(self) -> int:
        """How many answers it is giving now."""
        return self._streaming

    @property
    def prompts(self) -> list[str]:
        """The last message of every prompt for an answer."""
        return self._prompts

    def pause(self) -> None:
        self._running.clear()

    def resume(self) -> None:
        self._running.set()

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        await self._running.wait()
        return ChatResult(generations=[ChatGeneration(message=AIMessage(_next(self.rewrites)))])

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._prompts.append(str(messages[-1].content))
        self._streaming += 1
        try:
            for word in _next(self.answers).split(" "):
                await self._running.wait()
                yield ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))
                await asyncio.sleep(self.delay)
        finally:
            self._streaming -= 1

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError("the bot calls models asynchronously")


def _next(replies: list[Any]) -> str:
    reply = replies.pop(0) if len(replies) > 1 else replies[0]
    if isinstance(reply, Exception):
        raise reply
    return str(reply)
