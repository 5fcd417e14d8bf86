"""A text engine in a process of its own, kept running: restarted when it dies or hangs, ended with its parent.

A model may hold the interpreter for seconds at a time; in a child process it holds up nobody's event loop.
`EngineProcess` hands requests to the child and their pieces back, by number. When the child is gone, the replies in
progress end with an EngineError, so that whoever asked asks again; requests that come meanwhile wait for the next
child. `ProcessChatModel` is what langchain sees of it.
"""

import os
import threading
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import Any

import structlog
from langchain_core.messages import BaseMessage
from pydantic import Field, SkipValidation

from dialogue.engines.base import ChatMessage, shut_down, template_messages
from dialogue.engines.chat import LocalChatModel, StreamingChatModel
from dialogue.engines.child_process import ChildProcess
from dialogue.engines.frames import Ask, Cancel, NotLoaded, Piece, Ready, Start
from dialogue.engines.streaming import ReplyPiece, ReplyRequest
from dialogue.errors import EngineError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """In seconds, but for `failures` and `niceness`.

    silence: without a step of the model while there are requests, after which the child counts as hanging. start: the
    same while it loads. first_pause: before a restart where the last two children completed no reply; doubled up to
    longest_pause. failures: so many starts in a row that fail, and requests are refused until one succeeds. niceness:
    of the child.
    """

    silence: float = 60.0
    start: float = 600.0
    first_pause: float = 0.5
    longest_pause: float = 30.0
    failures: int = 3
    niceness: int = 5


class EngineProcess:
    """Keeps one child running until closed. `load(*given)` makes its `LocalChatModel` there: both must be picklable."""

    def __init__(
        self, load: Callable[..., LocalChatModel], *given: Any, limits: ProcessLimits | None = None
    ) -> None:
        """Starts the child and waits until it is ready. Raises EngineError if that fails."""
        self._load, self._given = load, given
        self._limits = limits or ProcessLimits()
        self._lock = threading.RLock()
        self._first_start, self._closing = threading.Event(), threading.Event()
        self._numbers = count(1)
        self._requests: dict[int, ReplyRequest] = {}
        self._sent: set[int] = set()
        self._child: ChildProcess | None = None
        self._ready = False
        self._failed_starts = 0
        self._without_reply = 0
        """Children in a row that ended before they had completed a reply."""
        self._heard = monotonic()
        self._error: EngineError | None = None
        self.kind = ""
        self.prompts: list[list[ChatMessage]] = []
        """Read by every child before it is ready."""
        self.on_restart: Callable[[], object] = lambda: None
        """Called in another thread."""
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("engine-process", self._keep_running), ("engine-watch", self._watch))
        ]
        for thread in self._threads:
            thread.start()
        self._first_start.wait()
        if not self._ready and self._error:
            raise self._error

    @property
    def trouble(self) -> str:
        """Why the engine takes no requests now; empty if it does."""
        with self._lock:
            if self._ready:
                return ""
            return str(self._error) if self._error else "The engine's process is starting."

    @property
    def waiting(self) -> int:
        """How many requests wait for the end of their reply."""
        return len(self._requests)

    @property
    def pid(self) -> int | None:
        """Of the child that runs now."""
        child = self._child
        return child.pid if child else None

    def begin(self, request: ReplyRequest) -> None:
        """Returns at once. Raises EngineError when closed, or when the child cannot be kept running."""
        with self._lock:
            if self._closing.is_set():
                raise shut_down()
            if self._error and self._failed_starts >= self._limits.failures:
                raise copy(self._error)
            number = next(self._numbers)
            self._requests[number] = request
            if self._ready:
                self._hand_over(number)

    def cancel(self, request: ReplyRequest) -> None:
        request.cancelled.set()
        with self._lock:
            for number in [each for each, known in self._requests.items() if known is request]:
                del self._requests[number]
                if number in self._sent and self._child:
                    self._sent.discard(number)
                    self._child.send(Cancel(number))

    def close(self) -> None:
        """Ends the child; what is still running ends with an error."""
        with self._lock:
            self._closing.set()
            child = self._child
        if child:
            child.end()
        for thread in self._threads:
            thread.join()
        self._end_replies(shut_down(), list(self._requests))

    def _hand_over(self, number: int) -> None:
        """Under the lock, when the child is ready."""
        request = self._requests[number]
        if not self._sent:
            self._heard = monotonic()
        self._sent.add(number)
        if self._child:
            self._child.send(Ask(number, request.messages, request.max_tokens, request.stops))

    def _keep_running(self) -> None:
        """In this thread the child is started too: Linux ends it with the thread that started it."""
        while not self._closing.is_set():
            reason = self._run_child()
            self._after(reason)
            if not self._first_start.is_set():
                self._closing.set()
                self._first_start.set()
            self._closing.wait(self._pause())
            if not self._closing.is_set():
                log.warning("engine_restarts", reason=str(reason), failed_starts=self._failed_starts)
                self.on_restart()

    def _run_child(self) -> EngineError:
        """One child from its start to its end; why it ended."""
        start = Start(self._load, self._given, list(self.prompts), os.getpid(), self._limits.niceness)
        try:
            child = ChildProcess(start)
        except OSError as error:
            return EngineError(f"The engine's process cannot be started: {error}.")
        with self._lock:
            self._heard, self._child = monotonic(), child
        if self._closing.is_set():
            child.end()
        reason: EngineError | None = None
        for frame in child.frames():
            reason = frame.error if isinstance(frame, NotLoaded) else reason
            self._take(frame)
        return reason or EngineError(f"The engine's process {child.wait()}. Ask again.", remedies=("model",))

    def _take(self, frame: Any) -> None:
        with self._lock:
            self._heard = monotonic()
            if isinstance(frame, Ready):
                self.kind, self._ready, self._error, self._failed_starts = frame.kind, True, None, 0
                for number in self._requests:
                    self._hand_over(number)
                self._first_start.set()
        if isinstance(frame, Piece):
            self._deliver(frame.number, frame.piece)

    def _deliver(self, number: int, piece: ReplyPiece) -> None:
        with self._lock:
            request = self._requests.get(number)
            if piece.end:
                self._requests.pop(number, None)
                self._sent.discard(number)
                if isinstance(piece.end, str):
                    self._without_reply = 0
        if request and not request.cancelled.is_set() and (piece.text or piece.end):
            try:
                request.deliver(piece)
            except RuntimeError:  # the caller's event loop is closed
                self.cancel(request)

    def _after(self, reason: EngineError) -> None:
        """The child is gone: ends the replies in progress, and those that wait too if there is little hope."""
        with self._lock:
            self._failed_starts += not self._ready
            self._without_reply += 1
            self._child, self._ready, self._error = None, False, reason
            hopeless = self._failed_starts >= self._limits.failures
            ended = list(self._requests) if hopeless else list(self._sent)
            self._sent.clear()
        self._end_replies(shut_down() if self._closing.is_set() else reason, ended)

    def _end_replies(self, error: EngineError, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._deliver(number, ReplyPiece(end=copy(error)))  # each is raised with a traceback of its own

    def _pause(self) -> float:
        doubled = self._limits.first_pause * 2.0 ** min(self._without_reply - 2, 30)
        return min(self._limits.longest_pause, doubled) if self._without_reply > 1 else 0.0

    def _watch(self) -> None:
        period = min(1.0, self._limits.silence / 4)
        while not self._closing.wait(period):
            with self._lock:
                limit = self._limits.silence if self._ready else self._limits.start
                busy = self._sent or not self._ready
                hangs = busy and self._child and monotonic() - self._heard > limit
            if hangs and self._child:
                self._child.kill(f"made no step for {limit:g} s and was stopped")


class ProcessChatModel(StreamingChatModel):
    """A chat model in a process of its own."""

    process: SkipValidation[EngineProcess] = Field(exclude=True, repr=False)

    @property
    def _llm_type(self) -> str:
        return self.process.kind

    def begin(self, request: ReplyRequest) -> None:
        self.process.begin(request)

    def cancel(self, request: ReplyRequest) -> None:
        self.process.cancel(request)

    def close(self) -> None:
        self.process.close()

    def remember(self, prompts: Sequence[Sequence[BaseMessage]]) -> None:
        """Has them read again after every restart, before requests are taken."""
        for prompt in map(template_messages, prompts):
            if prompt not in self.process.prompts:
                self.process.prompts.append(prompt)


def start_process(
    load: Callable[..., LocalChatModel], *given: Any, limits: ProcessLimits | None = None
) -> ProcessChatModel:
    """The model that `load(*given)` makes in a new process, once it is ready. Raises EngineError."""
    return ProcessChatModel(process=EngineProcess(load, *given, limits=limits))
