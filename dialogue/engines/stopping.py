"""Text up to the first of some strings that end it, though it comes in pieces. Knows no engine."""

from collections.abc import Sequence


class Stopper:
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
