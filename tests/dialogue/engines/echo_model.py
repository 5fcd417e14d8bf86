"""A model without weights for a child process: says the last message again, one character a step.

`die`, `hang` and `slow` do what they say when they are asked; `pid` and `nice` answer with those of the process.
"""

import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from dialogue.engines.base import ChatMessage, GenerationRequest, RequestQueue, TokenBatch, shut_down
from dialogue.engines.chat import LocalChatModel
from dialogue.errors import EngineError

WINDOW = 2000
STEP = 0.005
"""Seconds."""


class EchoModel:
    """One request after the other. `notes` is a file with a line for each prompt that was read."""

    kind = "echo"
    window = WINDOW

    def __init__(self, notes: Path | None) -> None:
        self._notes = notes
        self._queue = RequestQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def prompt(self, messages: Sequence[ChatMessage]) -> list[int]:
        if messages[-1]["content"] == "broken template":
            raise ZeroDivisionError("the template")
        return self.encode(messages[-1]["content"])

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))

    def submit(self, request: GenerationRequest) -> None:
        self._queue.join(request)

    def close(self) -> None:
        self._queue.close()

    def _run(self) -> None:
        while not self._queue.closed:
            for request in self._queue.admit(wait=True):
                self._reply(request)

    def _reply(self, request: GenerationRequest) -> None:
        text = self.decode(request.tokens)
        if self._notes:
            with self._notes.open("a") as notes:
                notes.write(f"{text}\n")
        _act_on(text)
        said = {"pid": str(os.getpid()), "nice": str(os.nice(0))}.get(text, text)
        for character in said[: request.max_tokens]:
            time.sleep(STEP)
            if self._queue.closed:
                return request.give(TokenBatch(end=shut_down()))
            if request.cancelled.is_set():
                return None
            request.give(TokenBatch([ord(character)]))
        return request.give(TokenBatch(end="stop" if len(said) <= request.max_tokens else "length"))


def _act_on(text: str) -> None:
    if text == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if text == "hang":
        time.sleep(1000)
    if text == "slow":
        time.sleep(1)
    if text == "print":
        os.write(1, b"Something that a library prints.\n")


def load_echo(notes: Path | None = None) -> LocalChatModel:
    return LocalChatModel(model=EchoModel(notes))


def load_nothing() -> LocalChatModel:
    raise EngineError("There are no weights.", remedies=("model",))


def load_once(token: Path) -> LocalChatModel:
    """Only if there is a file `token`, which is taken away."""
    if not token.exists():
        raise EngineError("There are no weights.", remedies=("model",))
    token.unlink()
    return load_echo()
