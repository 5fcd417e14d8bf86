"""Tokens to text as they come: a piece is given out once later tokens cannot change it any more.

A character outside ASCII may be spread over several tokens; until its last one it decodes to U+FFFD. Knows no engine.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dialogue.engines.base import ChatMessage, TokenBatch
from dialogue.errors import EngineError

Decode = Callable[[Sequence[int]], str]
UNFINISHED = "\ufffd"


class Detokenizer:
    """Turns a growing list of tokens into pieces of text; the pieces joined are the decoded whole."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._before = 0
        self._given = 0

    def add(self, tokens: Sequence[int]) -> str:
        """The text that `tokens` complete; empty while a character is still in parts."""
        self._tokens.extend(tokens)
        known = self._decode(self._tokens[self._before : self._given])
        text = self._decode(self._tokens[self._before :])
        if text.endswith(UNFINISHED) or len(text) <= len(known):
            return ""
        self._before, self._given = self._given, len(self._tokens)
        return text[len(known) :]

    def rest(self) -> str:
        """What is left at the end, a broken character included."""
        known = self._decode(self._tokens[self._before : self._given])
        return self._decode(self._tokens[self._before :])[len(known) :]


class StopStrings:
    """Holds back what may be the beginning of a string of `stops`; without any, gives everything at once."""

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.stopped = False

    def add(self, piece: str) -> str:
        """What of the text can be given out now; `stopped` is set when one of the strings has come."""
        text = self._held + piece
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = max((_overlap(text, stop) for stop in self._stops), default=0)
        given = len(text) - keep
        self._held = text[given:]
        return text[:given]

    def rest(self) -> str:
        """What is still held back when no more text will come."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Characters at the end of `text` that `stop` begins with."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)


@dataclass(frozen=True, slots=True)
class ReplyPiece:
    """Text of a reply, empty where a step completed none. `end` is set on the last: "stop", "length", or the error.

    read, written: tokens of the prompt and of the reply, on the last piece. cached: of those read, how many were in the
    engine's prefix cache.
    """

    text: str = ""
    end: str | EngineError | None = None
    read: int = 0
    written: int = 0
    cached: int = 0


@dataclass(eq=False, slots=True)
class ReplyRequest:
    """Messages to reply to. `deliver` is called in another thread, and no more once `cancelled` is set.

    max_tokens: of the reply; None leaves it to the engine. stops: strings that end the reply and are not given out.
    """

    messages: Sequence[ChatMessage]
    deliver: Callable[[ReplyPiece], object]
    max_tokens: int | None = None
    stops: Sequence[str] = ()
    cancelled: threading.Event = field(default_factory=threading.Event)


class ReplyStream:
    """The reply to a prompt of `prompt_tokens`; `ended` after its last piece."""

    def __init__(self, decode: Decode, prompt_tokens: int, stops: Sequence[str] = ()) -> None:
        self._text = Detokenizer(decode)
        self._stopper = StopStrings(stops)
        self._read = prompt_tokens
        self._written = 0
        self.ended = False

    def piece(self, step: TokenBatch) -> ReplyPiece:
        """What a step adds to the reply."""
        if isinstance(step.end, EngineError):
            return self._last("", step.end, step.cached)
        if not (step.tokens or step.end):
            return ReplyPiece()
        self._written += len(step.tokens)
        text = self._stopper.add(self._text.add(step.tokens))
        if step.end and not self._stopper.stopped:
            text += self._stopper.add(self._text.rest()) + self._stopper.rest()
        if self._stopper.stopped:
            return self._last(text, "stop", step.cached)
        return self._last(text, step.end, step.cached) if step.end else ReplyPiece(text)

    def _last(self, text: str, end: str | EngineError, cached: int) -> ReplyPiece:
        self.ended = True
        return ReplyPiece(text, end, self._read, self._written, cached)
