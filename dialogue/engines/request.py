"""What the thread of a model is asked, and what it gives back step by step. Knows tokens, no text and no model."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dialogue.errors import EngineError


@dataclass(frozen=True, slots=True)
class Step:
    """New tokens of one request. `end` is set on the last: "stop", "length", or the error that ended it."""

    tokens: Sequence[int] = ()
    end: str | EngineError | None = None


@dataclass(eq=False, slots=True)
class Request:
    """A prompt (`tokens`) on its way. `deliver` is called in the model's thread; nothing comes once `cancelled`."""

    tokens: Sequence[int]
    max_tokens: int
    deliver: Callable[[Step], object]
    cancelled: threading.Event = field(default_factory=threading.Event)

    def give(self, step: Step) -> None:
        """Hands over a step. Nobody may be left to take it: an event loop that was closed has cancelled."""
        try:
            self.deliver(step)
        except RuntimeError:
            self.cancelled.set()
