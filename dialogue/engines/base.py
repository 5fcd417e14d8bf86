"""langchain-core's messages in the form that chat templates read."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from langchain_core.messages import BaseMessage

from dialogue.errors import EngineError

ROLES = {"system": "system", "human": "user", "ai": "assistant"}

ChatMessage = dict[str, str]
"""`role` and `content`."""


def template_messages(messages: Sequence[BaseMessage]) -> list[ChatMessage]:
    """Raises EngineError on a message that is not text."""
    return [_template_message(message) for message in messages]


def _template_message(message: BaseMessage) -> ChatMessage:
    role = ROLES.get(message.type)
    if role is None or not isinstance(message.content, str):
        raise EngineError(f"The local engines read text messages only, not {message.type!r} with parts.")
    return {"role": role, "content": message.content}


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """New tokens of one request. `end` is set on the last: "stop", "length", or the error that ended it."""

    tokens: Sequence[int] = ()
    end: str | EngineError | None = None


@dataclass(eq=False, slots=True)
class GenerationRequest:
    """A prompt (`tokens`) on its way. `send` is called in the model's thread; nothing comes once `cancelled`."""

    tokens: Sequence[int]
    max_tokens: int
    deliver: Callable[[TokenBatch], object]
    cancelled: threading.Event = field(default_factory=threading.Event)

    def give(self, step: TokenBatch) -> None:
        """Hands over a step. Nobody may be left to take it: an event loop that was closed has cancelled."""
        try:
            self.deliver(step)
        except RuntimeError:
            self.cancelled.set()


class RequestQueue:
    """Many join it from any thread; the model's one thread lets them in."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._waiting: list[GenerationRequest] = []
        self.closed = False

    def join(self, request: GenerationRequest) -> None:
        """Returns at once. Raises EngineError when closed."""
        with self._news:
            if self.closed:
                raise shut_down()
            self._waiting.append(request)
            self._news.notify()

    def admit(self, *, wait: bool) -> list[GenerationRequest]:
        """Everybody who has come, in order; with `wait`, not before there is somebody or the line is closed."""
        with self._news:
            self._news.wait_for(lambda: self._waiting or self.closed or not wait)
            admitted, self._waiting = self._waiting, []
        return [request for request in admitted if not request.cancelled.is_set()]

    def close(self) -> None:
        with self._news:
            self.closed = True
            self._news.notify()


def shut_down() -> EngineError:
    return EngineError("The engine was shut down; ask again after the restart.")
