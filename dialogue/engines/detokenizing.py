"""Tokens to text as they come: a piece is given out once later tokens cannot change it any more.

A character outside ASCII may be spread over several tokens; until its last one it decodes to U+FFFD. Knows no engine.
"""

from collections.abc import Callable, Sequence

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
