"""A model on this machine as langchain-core's `BaseChatModel`: messages in, text out as it is written.

`StreamingChatModel` is what langchain sees of every local engine, whether it runs in this process (`LocalChatModel`) or
in one of its own (`process.py`). Behind the former, a `LocalModel` (`openvino.py`, `transformers.py`) knows how tokens
are made, and `generation.py` how one is chosen.
"""

import asyncio
import queue
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Protocol

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream, generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field, SkipValidation

from dialogue.engines.base import ChatMessage, GenerationRequest, TokenBatch, template_messages
from dialogue.engines.streaming import ReplyPiece, ReplyRequest, ReplyStream
from dialogue.errors import EngineError, PromptTooLong


class StreamingChatModel(BaseChatModel):
    """A chat model on this machine. Strings of `stop` are not given out."""

    @abstractmethod
    def begin(self, request: ReplyRequest) -> None:
        """Takes a request in; its pieces are delivered from another thread. Raises EngineError."""

    def cancel(self, request: ReplyRequest) -> None:
        """Nobody listens any more. Does nothing if the reply is complete."""
        request.cancelled.set()

    @abstractmethod
    def close(self) -> None:
        """Ends the model; what is still running ends with an EngineError."""

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        *,
        max_tokens: int | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        loop, pieces = asyncio.get_running_loop(), asyncio.Queue[ReplyPiece]()

        def deliver(piece: ReplyPiece) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        request = ReplyRequest(template_messages(messages), deliver, max_tokens, stop or ())
        try:
            await asyncio.to_thread(self.begin, request)
            end: str | None = None
            while not end:
                piece = await pieces.get()
                end = _end(piece)
                if end or piece.text:
                    yield _chunk(piece)
        finally:
            self.cancel(request)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        max_tokens: int | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        pieces = queue.SimpleQueue[ReplyPiece]()
        request = ReplyRequest(template_messages(messages), pieces.put, max_tokens, stop or ())
        try:
            self.begin(request)
            end: str | None = None
            while not end:
                piece = pieces.get()
                end = _end(piece)
                if end or piece.text:
                    yield _chunk(piece)
        finally:
            self.cancel(request)

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, *args, **kwargs))

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return generate_from_stream(self._stream(messages, *args, **kwargs))


def _end(piece: ReplyPiece) -> str | None:
    """Why the reply ends with this piece; None if it goes on. Raises the error that ended it."""
    if isinstance(piece.end, EngineError):
        raise piece.end
    return piece.end


def _chunk(piece: ReplyPiece) -> ChatGenerationChunk:
    if not piece.end:
        return ChatGenerationChunk(message=AIMessageChunk(content=piece.text))
    usage = UsageMetadata(
        input_tokens=piece.read,
        output_tokens=piece.written,
        total_tokens=piece.read + piece.written,
        input_token_details=InputTokenDetails(cache_read=piece.cached),
    )
    message = AIMessageChunk(content=piece.text, usage_metadata=usage, chunk_position="last")
    return ChatGenerationChunk(message=message, generation_info={"finish_reason": piece.end})


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


class LocalChatModel(StreamingChatModel):
    """A model in this process. `max_tokens` of a call wins over the field."""

    model: SkipValidation[LocalModel] = Field(exclude=True, repr=False)
    max_tokens: int = 320

    @property
    def _llm_type(self) -> str:
        return self.model.kind

    def close(self) -> None:
        self.model.close()

    def count_tokens(self, text: str) -> int:
        return len(self.model.encode(text))

    def prompt_tokens(self, messages: Sequence[ChatMessage], max_tokens: int | None = None) -> list[int]:
        """The tokens the model reads. Raises PromptTooLong where they and the reply do not fit the window."""
        tokens = self.model.prompt(messages)
        room = self.model.window - (max_tokens or self.max_tokens)
        if len(tokens) > room:
            raise PromptTooLong(len(tokens), room)
        return tokens

    def begin(self, request: ReplyRequest) -> None:
        tokens = self.prompt_tokens(request.messages, request.max_tokens)
        reply = ReplyStream(self.model.decode, len(tokens), request.stops)

        def deliver(step: TokenBatch) -> None:
            request.deliver(_piece(reply, step))
            if reply.ended:
                request.cancelled.set()

        limit = request.max_tokens or self.max_tokens
        self.model.submit(GenerationRequest(tokens, limit, deliver, request.cancelled))


def _piece(reply: ReplyStream, step: TokenBatch) -> ReplyPiece:
    try:
        return reply.piece(step)
    except Exception as error:
        reply.ended = True
        return ReplyPiece(end=EngineError(f"The model's tokens cannot be read as text: {error}. Ask again."))
