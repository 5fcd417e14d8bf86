"""What the local engines share: messages for chat templates, generation requests, and the queue of a model's thread.

Requests come from any thread or event loop; the thread that runs the model takes them from the queue and hands over
tokens in batches.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from langchain_core.messages import BaseMessage

from dialogue.errors import EngineError

ROLES = {"system": "system", "human": "user", "ai": "assistant"}

ChatMessage = dict[str, str]
"""With the keys `role` and `content`."""


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
    """What a step adds to one request: new tokens, none while its prompt is read.

    `end` is set on the last: "stop", "length", or the error that ended the request. cached: tokens of the prompt that
    were in the engine's prefix cache.
    """

    tokens: Sequence[int] = ()
    end: str | EngineError | None = None
    cached: int = 0


@dataclass(eq=False, slots=True)
class GenerationRequest:
    """A prompt (`tokens`) to answer. `deliver` is called in the model's thread, and no more once `cancelled` is set."""

    tokens: Sequence[int]
    max_tokens: int
    deliver: Callable[[TokenBatch], object]
    cancelled: threading.Event = field(default_factory=threading.Event)

    def give(self, step: TokenBatch) -> None:
        """Delivers tokens. If the caller's event loop is closed, the request counts as cancelled."""
        try:
            self.deliver(step)
        except RuntimeError:
            self.cancelled.set()


class RequestQueue:
    """Requests join from any thread; the model's thread admits them."""

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
        """The waiting requests, in order; with `wait`, blocks until there is one or the queue is closed."""
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
