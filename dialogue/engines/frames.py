"""What crosses the border between a process and the process of its text engine, and how it is read and written.

Both ends are the same program on the same machine, so frames are pickled, each behind its length.
"""

import pickle
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any

from dialogue.engines.base import ChatMessage
from dialogue.engines.streaming import ReplyPiece
from dialogue.errors import EngineError

LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Start:
    """The first frame to a child: `load(*given)` makes its model, a `LocalChatModel`.

    prompts: read once before the child is ready. parent: the process to end with. niceness: added to the parent's.
    """

    load: Callable[..., Any]
    given: Sequence[Any]
    prompts: Sequence[Sequence[ChatMessage]]
    parent: int
    niceness: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Begins a reply; `number` stands for it from now on."""

    number: int
    messages: Sequence[ChatMessage]
    max_tokens: int | None
    stops: Sequence[str]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody listens to this reply any more."""

    number: int


@dataclass(frozen=True, slots=True)
class Ready:
    """From the child: the model is loaded and the prompts are read."""

    kind: str


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """From the child, which then ends."""

    error: EngineError


@dataclass(frozen=True, slots=True)
class Piece:
    """From the child: a piece of a reply, empty ones included, so that they tell that the model is at work."""

    number: int
    piece: ReplyPiece


@dataclass(frozen=True, slots=True)
class Working:
    """From the child: it is still reading the prompts of its start."""


ToChild = Start | Ask | Cancel
FromChild = Ready | NotLoaded | Piece | Working


def write_frame(target: IO[bytes], frame: ToChild | FromChild) -> None:
    """Raises OSError if the other end is closed."""
    content = pickle.dumps(frame)
    left = memoryview(LENGTH.pack(len(content)) + content)
    while left:
        left = left[target.write(left) :]
    target.flush()


def read_frame(source: IO[bytes]) -> Any:
    """The next frame, None where the other end is closed, whether between two frames or within one."""
    head = _read(source, LENGTH.size)
    content = head and _read(source, LENGTH.unpack(head)[0])
    return pickle.loads(content) if content else None


def _read(source: IO[bytes], size: int) -> bytes | None:
    content = b""
    while len(content) < size:
        more = source.read(size - len(content))
        if not more:
            return None
        content += more
    return content
