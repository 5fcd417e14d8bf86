"""A chat model for tests: says what it is told to, and can be held at any word."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr

STANDARD = "It takes 230 volts [1]."


class FakeChatModel(BaseChatModel):
    """Says the `answers` one after the other, the last of them for ever; an exception is raised instead.

    Rewrites are `rewrites`, in the same way. `hold()` makes it stop before each word until `go_on()`; `pause` is in
    seconds a word.
    """

    answers: list[Any] = Field(default_factory=lambda: [STANDARD])
    rewrites: list[Any] = Field(default_factory=lambda: [""])
    pause: float = 0.0
    _open: asyncio.Event = PrivateAttr(default_factory=asyncio.Event)
    _speaking: int = PrivateAttr(0)
    _prompts: list[str] = PrivateAttr(default_factory=list)

    def model_post_init(self, context: Any) -> None:
        super().model_post_init(context)
        self._open.set()

    @property
    def _llm_type(self) -> str:
        return "speaker"

    @property
    def speaking(self) -> int:
        """How many answers it is giving at this moment."""
        return self._speaking

    @property
    def prompts(self) -> list[str]:
        """The last message of every prompt for an answer."""
        return self._prompts

    def hold(self) -> None:
        self._open.clear()

    def go_on(self) -> None:
        self._open.set()

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        await self._open.wait()
        return ChatResult(generations=[ChatGeneration(message=AIMessage(_next(self.rewrites)))])

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._prompts.append(str(messages[-1].content))
        self._speaking += 1
        try:
            for word in _next(self.answers).split(" "):
                await self._open.wait()
                yield ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))
                await asyncio.sleep(self.pause)
        finally:
            self._speaking -= 1

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError("the bot asks asynchronously")


def _next(lines: list[Any]) -> str:
    line = lines.pop(0) if len(lines) > 1 else lines[0]
    if isinstance(line, Exception):
        raise line
    return str(line)
