"""The text engine for GGUF files as they are: llama.cpp on a CPU, through `xllamacpp`, which needs no compiler.

llama.cpp maps the file into memory, steps the requests of its slots together, and keeps of each slot what was read, so
that a beginning that one of them knows is not read again. It gives out text, which is put back into tokens here for
what all engines share. Its parallel work is its own: a thread here only waits for one request.
"""

import secrets
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openvino_genai as genai
import xllamacpp

from dialogue.engines.base import GenerationRequest, TokenBatch, shut_down
from dialogue.engines.chat import LocalChatModel
from dialogue.engines.generation import GREEDY, GenerationOptions, refuse_beams
from dialogue.engines.gguf_metadata import copy_metadata
from dialogue.engines.tokenizer import TokenizedModel
from dialogue.errors import EngineError

CACHE_TOKENS = 16_384
STEP_TOKENS = 128
"""Of a prompt, read between two looks at whether anybody still waits for it."""


@dataclass(frozen=True, slots=True)
class SlotLimits:
    """window: most tokens of prompt and reply. slots: requests answered at once; others wait. cache_tokens: what all
    slots keep together."""

    window: int = 8192
    slots: int = 8
    cache_tokens: int = CACHE_TOKENS


def load_llamacpp(
    path: Path,
    *,
    limits: SlotLimits | None = None,
    options: GenerationOptions = GREEDY,
    threads: int = 0,
    max_tokens: int = 320,
) -> LocalChatModel:
    """Maps the weights of a GGUF file. threads: 0 leaves them to llama.cpp. Raises EngineError."""
    limits = limits or SlotLimits()
    refuse_beams(options, "llama.cpp")
    try:
        tokenizer = _tokenizer(path)
        server = xllamacpp.Server(_parameters(path, limits, threads))
    except Exception as error:
        raise EngineError(
            f"llama.cpp cannot run {path.name}: {error}. Choose a GGUF file.", remedies=("model",)
        ) from error
    return LocalChatModel(model=LlamaCppModel(server, tokenizer, limits, options), max_tokens=max_tokens)


class LlamaCppModel(TokenizedModel):
    """llama.cpp's slots, with the tokenizer of the file."""

    kind = "llamacpp"

    def __init__(
        self,
        server: xllamacpp.Server,
        tokenizer: genai.Tokenizer,
        limits: SlotLimits,
        options: GenerationOptions = GREEDY,
    ) -> None:
        super().__init__(tokenizer, min(limits.window, limits.cache_tokens))
        self._server = server
        self._sampling = sampling(options)
        self._end = self.end_of_text
        self._closed = threading.Event()
        self._waiting = ThreadPoolExecutor(limits.slots, thread_name_prefix="llamacpp")

    def submit(self, request: GenerationRequest) -> None:
        try:
            self._waiting.submit(self._reply, request)
        except RuntimeError as error:
            raise shut_down() from error

    def close(self) -> None:
        self._closed.set()
        self._waiting.shutdown()

    def _reply(self, request: GenerationRequest) -> None:
        """In a thread of its own, until the reply is complete or nobody listens."""
        if self._closed.is_set():
            return request.give(TokenBatch(end=shut_down()))
        if request.cancelled.is_set():
            return None
        reply = SlotReply(request, self._closed)
        try:
            asked = {**self._sampling, "prompt": list(request.tokens), "max_tokens": request.max_tokens}
            self._server.handle_completions(asked, lambda chunk: self._take(reply, chunk))
        except Exception as error:
            reply.end = EngineError(f"The model failed: {error}. Ask again.")
        end = shut_down() if reply.end is None and self._closed.is_set() else reply.end
        if not request.cancelled.is_set():
            lost = EngineError("The model ended without a reply. Ask again.")
            tokens = [self._end] if end == "stop" else []
            request.give(TokenBatch(tokens, end or lost, reply.cached))
        return None

    def _take(self, reply: "SlotReply", chunk: Mapping[str, Any]) -> bool:
        """Delivers what a step added. Whether llama.cpp is to stop."""
        if text := reply.take(chunk):
            reply.request.give(TokenBatch(self.encode(text), cached=reply.cached))
        elif not reply.end:
            reply.request.give(TokenBatch())
        return reply.stopped


class SlotReply:
    """What llama.cpp has sent for one request."""

    def __init__(self, request: GenerationRequest, closed: threading.Event) -> None:
        self.request = request
        self.end: str | EngineError | None = None
        self.cached = 0
        self._closed = closed

    @property
    def stopped(self) -> bool:
        return self.request.cancelled.is_set() or self._closed.is_set()

    def take(self, chunk: Mapping[str, Any]) -> str:
        """The text in a chunk; notes the end and what was cached."""
        if error := chunk.get("error"):
            self.end = EngineError(f"The model failed: {error.get('message', error)}. Ask again.")
            return ""
        self.cached = chunk.get("timings", {}).get("cache_n", self.cached)
        choice: Mapping[str, Any] = next(iter(chunk.get("choices", ())), {})
        self.end = choice.get("finish_reason") or self.end
        return str(choice.get("text") or "")


def sampling(options: GenerationOptions) -> Mapping[str, Any]:
    """What a request of llama.cpp is given, without its own defaults for what is not ours."""
    return {
        "stream": True,
        "return_progress": True,
        "timings_per_token": True,
        "temperature": options.temperature,
        "top_p": options.top_p,
        "top_k": 0,
        "min_p": 0.0,
        "repeat_penalty": options.repetition_penalty,
        "repeat_last_n": 8192,
    }


def _tokenizer(path: Path) -> genai.Tokenizer:
    with TemporaryDirectory() as folder:
        metadata = Path(folder) / path.name
        copy_metadata(path, metadata)
        return genai.Tokenizer(str(metadata))


def _parameters(path: Path, limits: SlotLimits, threads: int) -> xllamacpp.CommonParams:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx, parameters.kv_unified = limits.cache_tokens, True
    parameters.n_parallel = limits.slots
    parameters.n_batch = parameters.n_ubatch = STEP_TOKENS
    parameters.cache_ram_mib = 0
    parameters.verbosity = -1
    parameters.api_keys = [secrets.token_hex()]  # it listens on a port of this machine too
    parameters.ui = False
    if threads:
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    return parameters
