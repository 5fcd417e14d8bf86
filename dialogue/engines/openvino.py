"""The default text engine: OpenVINO GenAI on a CPU, from an OpenVINO folder (`conversion.py` makes one) or a GGUF file.

Continuous batching (Yu et al., "Orca", OSDI 2022) with a prefix cache over paged attention (Kwon et al., "vLLM", SOSP
2023): several people share one model, and the part of a prompt that was read before is not read again. What an answer
quotes from its passages is guessed and only checked (Saxena, "Prompt Lookup Decoding", 2023). `docs/engines.md` says
how the settings were chosen.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openvino as ov
import openvino_genai as genai

from dialogue.engines import memory
from dialogue.engines.base import GenerationRequest
from dialogue.engines.batching import ContinuousBatch
from dialogue.engines.chat import LocalChatModel
from dialogue.engines.generation import GREEDY, GenerationOptions
from dialogue.engines.prefixes import BLOCK
from dialogue.engines.tokenizer import TokenizedModel
from dialogue.errors import EngineError

WEIGHTS = "openvino_model.xml"
"""In an OpenVINO folder; the numbers are beside it, in a .bin."""
DEFAULT_BLOCKS = 1000
LOOKUP = {"prompt_lookup": True}
PROPERTIES: Mapping[str, Any] = {
    "INFERENCE_PRECISION_HINT": "f32",
    "KV_CACHE_PRECISION": "f16",
    "ENABLE_CPU_PINNING": False,
}


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """window: most tokens of prompt and reply. cache_gb: most memory of the KV cache. cache_tokens: for each of these
    gigabytes, the most tokens that are kept, so that a small model does not keep more than is of use. step_tokens: most
    tokens a step reads, which bounds how long a newcomer's prompt makes the others wait."""

    window: int = 8192
    cache_gb: int = 1
    cache_tokens: int = 32_768
    step_tokens: int = 128

    def cache_blocks(self, token_bytes: int) -> int:
        """The blocks of a model's KV cache that takes so many bytes for each token."""
        tokens = min(self.cache_tokens, 2**30 // token_bytes)
        return self.cache_gb * tokens // BLOCK


def load_openvino(
    path: Path,
    *,
    limits: EngineLimits | None = None,
    options: GenerationOptions = GREEDY,
    max_tokens: int = 320,
    properties: Mapping[str, Any] = PROPERTIES,
) -> LocalChatModel:
    """Reads the weights (seconds). Raises EngineError if the file or folder cannot be run."""
    limits = limits or EngineLimits()
    lookup = LOOKUP if options.greedy else {}
    weights = path / WEIGHTS
    try:
        token_bytes = _token_bytes(weights) if weights.is_file() else 0
        scheduler = _scheduler(limits, token_bytes)
        pipeline = genai.ContinuousBatchingPipeline(str(path), scheduler, "CPU", {**lookup, **properties})
    except Exception as error:
        raise EngineError(
            f"OpenVINO cannot run {path.name}: {error}. Choose another model.", remedies=("model",)
        ) from error
    model = OpenVINOModel(pipeline, limits.window, options, scheduler.num_kv_blocks or DEFAULT_BLOCKS)
    model.warm_up()
    memory.release(weights.with_suffix(".bin"))
    return LocalChatModel(model=model, max_tokens=max_tokens)


class OpenVINOModel(TokenizedModel):
    """A pipeline with its tokenizer, stepped by a batch of its own."""

    kind = "openvino"

    def __init__(
        self,
        pipeline: genai.ContinuousBatchingPipeline,
        window: int,
        options: GenerationOptions = GREEDY,
        cache_blocks: int = DEFAULT_BLOCKS,
    ) -> None:
        super().__init__(pipeline.get_tokenizer(), window)
        ends = {self.end_of_text, *pipeline.get_config().stop_token_ids}
        self._batch = ContinuousBatch(pipeline, ends, options, cache_blocks)

    def submit(self, request: GenerationRequest) -> None:
        self._batch.submit(request)

    def warm_up(self) -> None:
        """Reads a few tokens, at which the weights are packed for the processor: the first question finds them so."""
        done = threading.Event()
        tokens = self.encode("Hello. " * 4)[: self.window // 2]
        self.submit(GenerationRequest(tokens, 2, lambda step: done.set() if step.end else None))
        done.wait()

    def close(self) -> None:
        self._batch.close()


def _token_bytes(weights: Path) -> int:
    """Of the KV cache, in 16 bits."""
    states = [op for op in ov.Core().read_model(weights).get_ops() if op.get_type_name() == "ReadValue"]
    shapes = [state.get_output_partial_shape(0) for state in states]
    return sum(2 * shape[1].get_length() * shape[3].get_length() for shape in shapes)


def _scheduler(limits: EngineLimits, token_bytes: int) -> genai.SchedulerConfig:
    """token_bytes: of the KV cache, 0 where it is not known."""
    config = genai.SchedulerConfig()
    if token_bytes:
        config.num_kv_blocks = limits.cache_blocks(token_bytes)
    else:
        config.cache_size = limits.cache_gb
    config.enable_prefix_caching = True
    config.dynamic_split_fuse = True
    config.max_num_batched_tokens = limits.step_tokens
    return config
