"""The process of a text engine: loads a model, answers the requests of its parent, and ends with it.

Whatever a model does here, and however long it holds the interpreter, the parent's event loop goes on. Requests are
read in the main thread; replies are written by the model's own thread.
"""

import ctypes
import faulthandler
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import IO

from dialogue.engines.base import ChatMessage
from dialogue.engines.chat import LocalChatModel
from dialogue.engines.frames import (
    Ask,
    Cancel,
    FromChild,
    NotLoaded,
    Piece,
    Ready,
    Start,
    Working,
    read_frame,
    write_frame,
)
from dialogue.engines.streaming import ReplyPiece, ReplyRequest
from dialogue.errors import EngineError

DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux' prctl."""


def main(source: IO[bytes]) -> None:
    """Runs until the parent closes the pipe or is gone; never returns, since there is nothing to put away."""
    faulthandler.enable()
    target = _own_output()
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # the parent is told too, finishes its answers and closes the pipe
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError):
        start = read_frame(source)
        if start is not None:
            _end_with(start.parent)
            os.nice(start.niceness)
            EngineChild(source, target).run(start)
    os._exit(0)


def _own_output() -> IO[bytes]:
    """The pipe to the parent; whatever else is printed goes to the parent's standard error."""
    target = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return target


def _end_with(parent: int) -> None:
    """The end of the pipe is not noticed while a model holds the interpreter; Linux ends the process by itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


class EngineChild:
    """Reads frames from `source` and writes them to `target`."""

    def __init__(self, source: IO[bytes], target: IO[bytes]) -> None:
        self._source = source
        self._target = target
        self._writing = threading.Lock()
        self._running: dict[int, ReplyRequest] = {}

    def run(self, start: Start) -> None:
        """Until the parent closes the pipe. Raises OSError if it is gone."""
        chat = self._loaded(start)
        if chat is None:
            return
        self._send(Ready(chat._llm_type))
        while (frame := read_frame(self._source)) is not None:
            if isinstance(frame, Ask):
                self._begin(chat, frame)
            if isinstance(frame, Cancel) and (request := self._running.pop(frame.number, None)):
                request.cancelled.set()

    def _loaded(self, start: Start) -> LocalChatModel | None:
        try:
            chat: LocalChatModel = start.load(*start.given)
            for messages in start.prompts:
                self._read_prompt(chat, messages)
        except Exception as error:
            self._send(NotLoaded(_engine_error(error)))
            return None
        return chat

    def _read_prompt(self, chat: LocalChatModel, messages: Sequence[ChatMessage]) -> None:
        pieces = queue.SimpleQueue[ReplyPiece]()
        chat.begin(ReplyRequest(messages, pieces.put, max_tokens=1))
        end: str | EngineError | None = None
        while not end:
            end = pieces.get().end
            self._send(Working())
        if isinstance(end, EngineError):
            raise end

    def _begin(self, chat: LocalChatModel, ask: Ask) -> None:
        deliver = partial(self._deliver, ask.number)
        request = ReplyRequest(ask.messages, deliver, ask.max_tokens, ask.stops)
        self._running[ask.number] = request
        try:
            chat.begin(request)
        except Exception as error:
            self._deliver(ask.number, ReplyPiece(end=_engine_error(error)))

    def _deliver(self, number: int, piece: ReplyPiece) -> None:
        """In the model's thread, most often."""
        if piece.end:
            self._running.pop(number, None)
        with suppress(OSError):  # the parent is gone, and the main thread ends the process
            self._send(Piece(number, piece))

    def _send(self, frame: FromChild) -> None:
        with self._writing:
            write_frame(self._target, frame)


def _engine_error(error: Exception) -> EngineError:
    if isinstance(error, EngineError):
        return error
    traceback.print_exception(error)
    return EngineError(f"The model failed: {error or type(error).__name__}. Ask again.")
