"""One thread that steps an OpenVINO continuous-batching pipeline while anybody waits for tokens.

Requests join and leave between two steps, so people share the model without waiting for each other. All calls to the
pipeline are made in that thread. Knows tokens; knows no text and no event loop.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import openvino as ov
import openvino_genai as genai

from dialogue.errors import EngineError


@dataclass(frozen=True, slots=True)
class Step:
    """New tokens of one request. `end` is set on the last: "stop", "length", or the error that ended it."""

    tokens: Sequence[int] = ()
    end: str | EngineError | None = None


@dataclass(eq=False, slots=True)
class Request:
    """A prompt (`tokens`) on its way; `deliver` is called in the batch's thread."""

    tokens: Sequence[int]
    config: genai.GenerationConfig
    deliver: Callable[[Step], object]
    cancelled: threading.Event = field(default_factory=threading.Event)
    handle: Any = None


class Batch:
    """Runs requests on `pipeline` until closed."""

    def __init__(self, pipeline: genai.ContinuousBatchingPipeline) -> None:
        self._pipeline = pipeline
        self._numbers = count()
        self._news = threading.Condition()
        self._incoming: list[Request] = []
        self._running: list[Request] = []
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="openvino-batch", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> None:
        with self._news:
            if self._closing:
                raise EngineError("The engine is shutting down; ask again after the restart.")
            self._incoming.append(request)
            self._news.notify()

    def close(self) -> None:
        """Ends the thread; what is still running ends with an error."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._admit():
            try:
                self._pipeline.step()
            except Exception as error:
                self._end_all(EngineError(f"The model failed: {error}"))
            else:
                self._collect()
        self._end_all(EngineError("The engine was shut down; ask again after the restart."))

    def _admit(self) -> bool:
        """Takes in what has come; sleeps while there is nothing to do. False once closed."""
        with self._news:
            self._news.wait_for(lambda: self._incoming or self._closing or self._busy())
            incoming, self._incoming = self._incoming, []
        for request in incoming:
            self._begin(request)
        return not self._closing

    def _busy(self) -> bool:
        """Also true for one step after a cancellation: that step frees the request's part of the cache."""
        return bool(self._pipeline.has_non_finished_requests())

    def _begin(self, request: Request) -> None:
        prompt = ov.Tensor(np.array([request.tokens], dtype=np.int64))
        try:
            request.handle = self._pipeline.add_request(next(self._numbers), prompt, request.config)
        except Exception as error:
            request.deliver(Step(end=EngineError(f"The model refused the prompt: {error}")))
        else:
            self._running.append(request)

    def _collect(self) -> None:
        self._running = [request for request in self._running if not self._ended(request)]

    def _ended(self, request: Request) -> bool:
        if request.cancelled.is_set():
            request.handle.cancel()
            return True
        status = request.handle.get_status()
        tokens, reason = self._read(request)
        if status == genai.GenerationStatus.RUNNING:
            if tokens:
                request.deliver(Step(tokens))
            return False
        finished = status == genai.GenerationStatus.FINISHED
        request.deliver(Step(tokens, reason if finished else EngineError(NO_ROOM)))
        return True

    def _read(self, request: Request) -> tuple[list[int], str]:
        tokens: list[int] = []
        reason = "stop"
        while request.handle.can_read():
            for output in request.handle.read().values():
                tokens.extend(output.generated_ids)
                reason = "length" if output.finish_reason == genai.GenerationFinishReason.LENGTH else "stop"
        return tokens, reason

    def _end_all(self, error: EngineError) -> None:
        for request in self._running:
            request.handle.cancel()
            request.deliver(Step(end=error))
        self._running = []
        with suppress(Exception):
            self._pipeline.step()


NO_ROOM = "The engine ran out of room for the prompt. Lower PASSAGE_TOKENS or raise ENGINE_CACHE_GB."
