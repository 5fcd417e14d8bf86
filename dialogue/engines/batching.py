"""One thread that steps an OpenVINO continuous-batching pipeline while there are requests.

Requests join and leave between two steps, so they share the model without waiting for each other. All calls to the
pipeline are made in that thread. Knows tokens; knows no text and no event loop.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import openvino as ov
import openvino_genai as genai
from openvino_genai.py_openvino_genai import GenerationHandle

from dialogue.engines.base import GenerationRequest, RequestQueue, TokenBatch, shut_down
from dialogue.engines.generation import GREEDY, GenerationOptions
from dialogue.engines.prefixes import CachedPrefixes
from dialogue.errors import EngineError

NO_ROOM = (
    "The engine's cache is too small for the prompt. Give it fewer tokens of passages, or a larger cache."
)

PROMPT_LOOKUP = {"num_assistant_tokens": 4, "max_ngram_size": 3}
"""After words that the prompt holds too, so many of the tokens that follow there are checked in one step."""


def decoding(options: GenerationOptions) -> Mapping[str, Any]:
    """What a request of the pipeline is given. Only greedy decoding is sure of the same words with look-up."""
    if options.greedy:
        return PROMPT_LOOKUP
    chosen: dict[str, Any] = {"repetition_penalty": options.repetition_penalty}
    if options.samples:
        return {**chosen, "do_sample": True, "temperature": options.temperature, "top_p": options.top_p}
    return {**chosen, "num_beams": options.num_beams}


@dataclass(slots=True)
class ActiveRequest:
    """A request's place in the batch. `cached` tokens of its prompt had been read before it came; `answered` once
    the prompt has been read and tokens come."""

    request: GenerationRequest
    handle: GenerationHandle
    cached: int
    answered: bool = False


class ContinuousBatch:
    """Runs requests on `pipeline` until closed. `ends` are the tokens that end a reply.

    A pipeline for greedy options must be made for prompt look-up, any other without it.
    """

    def __init__(
        self,
        pipeline: genai.ContinuousBatchingPipeline,
        ends: set[int],
        options: GenerationOptions = GREEDY,
        cache_blocks: int = 1000,
    ) -> None:
        self._pipeline = pipeline
        self._ends = ends
        self._decoding = decoding(options)
        self._prefixes = CachedPrefixes(cache_blocks)
        self._queue = RequestQueue()
        self._numbers = count()
        self._active: list[ActiveRequest] = []
        self._thread = threading.Thread(target=self._run, name="openvino-batch", daemon=True)
        self._thread.start()

    def submit(self, request: GenerationRequest) -> None:
        """Returns at once. Raises EngineError when closed."""
        self._queue.join(request)

    def close(self) -> None:
        """Ends the thread after its step; what is still running ends with an error."""
        self._queue.close()
        self._thread.join()

    def _run(self) -> None:
        while not self._queue.closed:
            self._admit()
            try:
                self._pipeline.step()
            except Exception as error:
                self._end_all(EngineError(f"The model failed: {error}. Ask again."))
            else:
                self._collect()
        self._admit()
        self._end_all(shut_down())
        with suppress(Exception):  # frees their cache; without it the pipeline complains when it is closed
            self._pipeline.step()

    def _admit(self) -> None:
        """Takes in what has come; sleeps while there is nothing to do."""
        for request in self._queue.admit(wait=not self._active):
            self._begin(request)

    def _begin(self, request: GenerationRequest) -> None:
        prompt = ov.Tensor(np.array([request.tokens], dtype=np.int64))
        config = genai.GenerationConfig(
            max_new_tokens=request.max_tokens, stop_token_ids=self._ends, **self._decoding
        )
        try:
            handle = self._pipeline.add_request(next(self._numbers), prompt, config)
        except Exception as error:
            request.give(TokenBatch(end=EngineError(f"The model refused the prompt: {error}. Shorten it.")))
        else:
            self._active.append(ActiveRequest(request, handle, self._prefixes.cached(request.tokens)))

    def _collect(self) -> None:
        for active in self._active:
            step = _news_of(active.handle)
            if step.tokens and not active.answered:
                active.answered = True
                self._prefixes.add(active.request.tokens)
            if not active.request.cancelled.is_set():
                active.request.give(replace(step, cached=active.cached))
        self._active = [active for active in self._active if self._is_running(active)]

    def _is_running(self, active: ActiveRequest) -> bool:
        """Whether more is to come. A request that was cancelled leaves its room in the pipeline's next step."""
        if active.handle.get_status() != genai.GenerationStatus.RUNNING:
            return False
        if active.request.cancelled.is_set():
            active.handle.cancel()
            return False
        return True

    def _end_all(self, error: EngineError) -> None:
        """Ends all requests with `error`."""
        for active in self._active:
            active.handle.cancel()
            active.request.give(TokenBatch(end=error))
        self._active = []


def _no_room() -> EngineError:
    return EngineError(NO_ROOM, remedies=("passage_tokens", "cache_gb"))


def _news_of(handle: GenerationHandle) -> TokenBatch:
    tokens: list[int] = []
    end = "stop"
    while handle.can_read():
        beams = sorted(handle.read().values(), key=lambda beam: beam.score)
        for best in beams[-1:]:  # none where the prompt found no room
            tokens.extend(best.generated_ids)
            end = "length" if best.finish_reason == genai.GenerationFinishReason.LENGTH else "stop"
    status = handle.get_status()
    if status == genai.GenerationStatus.RUNNING:
        return TokenBatch(tokens)
    return TokenBatch(tokens, end if status == genai.GenerationStatus.FINISHED else _no_room())
