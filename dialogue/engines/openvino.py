"""The default text engine: OpenVINO GenAI on a CPU, from a GGUF file or an OpenVINO folder.

Continuous batching (Yu et al., "Orca", OSDI 2022) with a prefix cache over paged attention (Kwon et al., "vLLM", SOSP
2023): several people share one model, and the part of a prompt that was read before is not read again.
"""

import asyncio
import queue
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import openvino_genai as genai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream, generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from dialogue.engines.batch import Batch, Request, Step
from dialogue.engines.detokenizing import Detokenizer
from dialogue.engines.messages import template_messages
from dialogue.errors import EngineError, PromptTooLong

PROPERTIES: dict[str, Any] = {}
EXACT: dict[str, Any] = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0, "KV_CACHE_PRECISION": "f16"}
"""Neither activations nor the KV cache in 8 bits; `docs/benchmarks.md` says what that costs and gives."""


@dataclass(frozen=True, slots=True)
class Limits:
    """window: most tokens of prompt and reply. cache_gb: memory of the KV cache. step_tokens: most tokens a step
    reads, which bounds how long a newcomer's prompt makes the others wait."""

    window: int = 8192
    cache_gb: int = 1
    step_tokens: int = 256


class OpenVINOChat(BaseChatModel):
    """A chat model on this machine's processor. Greedy: the same prompt gives the same answer."""

    max_tokens: int = 320
    limits: Limits = Limits()
    _batch: Batch = PrivateAttr()
    _tokenizer: genai.Tokenizer = PrivateAttr()

    @classmethod
    def load(
        cls, path: Path, *, exact: bool = False, limits: Limits | None = None, max_tokens: int = 320
    ) -> Self:
        """Reads the weights (seconds). Raises EngineError if the file cannot be run."""
        limits = limits or Limits()
        try:
            pipeline = genai.ContinuousBatchingPipeline(
                str(path), _scheduler(limits), "CPU", EXACT if exact else PROPERTIES
            )
        except Exception as error:
            raise EngineError(f"OpenVINO cannot run {path.name}: {error}. Choose another GENERATOR.") from error
        chat = cls(max_tokens=max_tokens, limits=limits)
        chat._tokenizer = pipeline.get_tokenizer()
        chat._batch = Batch(pipeline)
        return chat

    @property
    def _llm_type(self) -> str:
        return "openvino"

    def close(self) -> None:
        self._batch.close()

    def count_tokens(self, text: str) -> int:
        return len(self._encode(text))

    def prompt_tokens(self, messages: Sequence[BaseMessage]) -> list[int]:
        """The tokens the model reads. Raises PromptTooLong where they and the reply do not fit the window."""
        prompt = self._tokenizer.apply_chat_template(template_messages(messages), add_generation_prompt=True)
        tokens = self._encode(prompt)
        if len(tokens) + self.max_tokens > self.limits.window:
            raise PromptTooLong(len(tokens), self.limits.window - self.max_tokens)
        return tokens

    def _encode(self, text: str) -> list[int]:
        return [int(i) for i in self._tokenizer.encode(text, add_special_tokens=False).input_ids.data[0]]

    def _config(self, stop: list[str] | None, max_tokens: int | None) -> genai.GenerationConfig:
        config = genai.GenerationConfig()
        config.max_new_tokens = max_tokens or self.max_tokens
        config.set_eos_token_id(self._tokenizer.get_eos_token_id())
        if stop:
            config.stop_strings = set(stop)
        return config

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        *,
        max_tokens: int | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        loop, steps = asyncio.get_running_loop(), asyncio.Queue[Step]()
        tokens = await asyncio.to_thread(self.prompt_tokens, messages)
        deliver = partial(loop.call_soon_threadsafe, steps.put_nowait)
        request = Request(tokens, self._config(stop, max_tokens), deliver)
        writing = _Writing(self._tokenizer, len(tokens))
        self._batch.submit(request)
        try:
            while not writing.ended:
                yield writing.chunk(await steps.get())
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
        steps = queue.SimpleQueue[Step]()
        tokens = self.prompt_tokens(messages)
        request = Request(tokens, self._config(stop, max_tokens), steps.put)
        writing = _Writing(self._tokenizer, len(tokens))
        self._batch.submit(request)
        try:
            while not writing.ended:
                yield writing.chunk(steps.get())
        finally:
            request.cancelled.set()

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, *args, **kwargs))

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return generate_from_stream(self._stream(messages, *args, **kwargs))


class _Writing:
    """Turns the steps of one request into chunks of text; raises the error that ended it."""

    def __init__(self, tokenizer: genai.Tokenizer, prompt_tokens: int) -> None:
        self._text = Detokenizer(lambda tokens: str(tokenizer.decode(list(tokens))))
        self._prompt_tokens = prompt_tokens
        self._tokens = 0
        self.ended = False

    def chunk(self, step: Step) -> ChatGenerationChunk:
        if isinstance(step.end, EngineError):
            raise step.end
        self._tokens += len(step.tokens)
        text = self._text.add(step.tokens)
        if step.end is None:
            return ChatGenerationChunk(message=AIMessageChunk(content=text))
        self.ended = True
        usage = UsageMetadata(
            input_tokens=self._prompt_tokens,
            output_tokens=self._tokens,
            total_tokens=self._prompt_tokens + self._tokens,
        )
        message = AIMessageChunk(content=text + self._text.rest(), usage_metadata=usage)
        return ChatGenerationChunk(message=message, generation_info={"finish_reason": step.end})


def _scheduler(limits: Limits) -> genai.SchedulerConfig:
    config = genai.SchedulerConfig()
    config.cache_size = limits.cache_gb
    config.enable_prefix_caching = True
    config.dynamic_split_fuse = True
    config.max_num_batched_tokens = limits.step_tokens
    return config
