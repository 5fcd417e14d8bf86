"""The default text engine: OpenVINO GenAI on a CPU, from a GGUF file or an OpenVINO folder.

Continuous batching (Yu et al., "Orca", OSDI 2022) with a prefix cache over paged attention (Kwon et al., "vLLM", SOSP
2023): several people share one model, and the part of a prompt that was read before is not read again. What an answer
quotes from its passages is guessed and only checked (Saxena, "Prompt Lookup Decoding", 2023). `docs/engines.md` says
how the settings were chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openvino_genai as genai

from dialogue.engines.base import ChatMessage, GenerationRequest
from dialogue.engines.batching import ContinuousBatch
from dialogue.engines.chat import LocalChatModel
from dialogue.engines.generation import GREEDY, GenerationOptions
from dialogue.errors import EngineError

LOOKUP = {"prompt_lookup": True}
PROPERTIES: Mapping[str, Any] = {
    "INFERENCE_PRECISION_HINT": "f32",
    "KV_CACHE_PRECISION": "f16",
    "ENABLE_CPU_PINNING": False,
}


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """window: most tokens of prompt and reply. cache_gb: memory of the KV cache. step_tokens: most tokens a step
    reads, which bounds how long a newcomer's prompt makes the others wait."""

    window: int = 8192
    cache_gb: int = 1
    step_tokens: int = 128


def load_openvino(
    path: Path,
    *,
    limits: EngineLimits | None = None,
    options: GenerationOptions = GREEDY,
    max_tokens: int = 320,
    properties: Mapping[str, Any] = PROPERTIES,
) -> LocalChatModel:
    """Reads the weights (seconds). Raises EngineError if the file cannot be run."""
    limits = limits or EngineLimits()
    try:
        pipeline = genai.ContinuousBatchingPipeline(
            str(path), _scheduler(limits), "CPU", {"prompt_lookup": options.greedy, **properties}
        )
    except Exception as error:
        raise EngineError(
            f"OpenVINO cannot run {path.name}: {error}. Choose another model.", remedies=("model",)
        ) from error
    return LocalChatModel(model=OpenVINOModel(pipeline, limits.window, options), max_tokens=max_tokens)


class OpenVINOModel:
    """A pipeline with its tokenizer, stepped by a batch of its own."""

    kind = "openvino"

    def __init__(
        self, pipeline: genai.ContinuousBatchingPipeline, window: int, options: GenerationOptions = GREEDY
    ) -> None:
        self._tokenizer = pipeline.get_tokenizer()
        self.window = min(window, self._longest(window))
        ends = {self._tokenizer.get_eos_token_id(), *pipeline.get_config().stop_token_ids}
        self._batch = ContinuousBatch(pipeline, ends, options)

    def prompt(self, messages: Sequence[ChatMessage]) -> list[int]:
        try:
            text = self._tokenizer.apply_chat_template(list(messages), add_generation_prompt=True)
        except RuntimeError as error:
            raise EngineError(f"The model's chat template refuses the messages: {error}.") from error
        return self.encode(text)

    def encode(self, text: str) -> list[int]:
        return [int(i) for i in self._tokenizer.encode(text, add_special_tokens=False).input_ids.data[0]]

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(tokens)))

    def _longest(self, window: int) -> int:
        """The tokens of a prompt that the tokenizer keeps: it cuts the rest off without a word."""
        return len(self.encode("x " * window))

    def submit(self, request: GenerationRequest) -> None:
        self._batch.submit(request)

    def close(self) -> None:
        self._batch.close()


def _scheduler(limits: EngineLimits) -> genai.SchedulerConfig:
    config = genai.SchedulerConfig()
    config.cache_size = limits.cache_gb
    config.enable_prefix_caching = True
    config.dynamic_split_fuse = True
    config.max_num_batched_tokens = limits.step_tokens
    return config
