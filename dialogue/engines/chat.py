"""A model on this machine as langchain-core's `BaseChatModel`: messages in, text out as it is written.

Knows messages, text and tokens; the model behind it (`openvino.py`, `transformers.py`) knows how tokens are made.
Models are greedy.
"""

import asyncio
import queue
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Protocol

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream, generate_from_stream
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field, SkipValidation

from dialogue.engines.base import ChatMessage, GenerationRequest, TokenBatch, template_messages
from dialogue.engines.streaming import ReplyStream
from dialogue.errors import PromptTooLong


class LocalModel(Protocol):
    """Weights in memory and the thread that runs them. `window` is the most tokens of prompt and reply."""

    kind: str
    window: int

    def prompt(self, messages: Sequence[ChatMessage]) -> list[int]:
        """The tokens of a conversation up to where the assistant speaks. Raises EngineError."""

    def encode(self, text: str) -> list[int]: ...

    def decode(self, tokens: Sequence[int]) -> str:
        """Their text without special tokens, U+FFFD for a character that is not whole."""

    def submit(self, request: GenerationRequest) -> None:
        """Takes a request in and returns at once. Raises EngineError when closed."""

    def close(self) -> None:
        """Ends the thread; what is still running ends with an EngineError."""


class LocalChatModel(BaseChatModel):
    """A chat model on this machine. `max_tokens` of a call wins over the field; `stop` strings are not given out."""

    model: SkipValidation[LocalModel] = Field(exclude=True, repr=False)
    max_tokens: int = 320

    @property
    def _llm_type(self) -> str:
        return self.model.kind

    def close(self) -> None:
        self.model.close()

    def count_tokens(self, text: str) -> int:
        return len(self.model.encode(text))

    def prompt_tokens(self, messages: Sequence[BaseMessage], max_tokens: int | None = None) -> list[int]:
        """The tokens the model reads. Raises PromptTooLong where they and the reply do not fit the window."""
        tokens = self.model.prompt(template_messages(messages))
        room = self.model.window - (max_tokens or self.max_tokens)
        if len(tokens) > room:
            raise PromptTooLong(len(tokens), room)
        return tokens

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        *,
        max_tokens: int | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        loop, steps = asyncio.get_running_loop(), asyncio.Queue[TokenBatch]()
        tokens = await asyncio.to_thread(self.prompt_tokens, messages, max_tokens)

        def deliver(step: TokenBatch) -> None:
            loop.call_soon_threadsafe(steps.put_nowait, step)

        request = GenerationRequest(tokens, max_tokens or self.max_tokens, deliver)
        writing = ReplyStream(self.model.decode, len(tokens), stop or ())
        self.model.submit(request)
        try:
            while not writing.ended:
                if chunk := writing.chunk(await steps.get()):
                    yield chunk
        finally:
            request.cancelled.set()

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        max_tokens: int | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        steps = queue.SimpleQueue[TokenBatch]()
        tokens = self.prompt_tokens(messages, max_tokens)
        request = GenerationRequest(tokens, max_tokens or self.max_tokens, steps.put)
        writing = ReplyStream(self.model.decode, len(tokens), stop or ())
        self.model.submit(request)
        try:
            while not writing.ended:
                if chunk := writing.chunk(steps.get()):
                    yield chunk
        finally:
            request.cancelled.set()

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, *args, **kwargs))

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return generate_from_stream(self._stream(messages, *args, **kwargs))
