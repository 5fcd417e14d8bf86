"""What a person is told before an answer's first word: where it was found, and about how long it takes.

For channels that show text; each decides how it looks.
"""

from collections.abc import Callable
from time import monotonic

from dialogue.events import Event, Failed, Queued, Retrieved, Rewritten, Writing
from dialogue.voice import Wording

WORTH_SAYING = 5.0
"""Seconds; of a shorter wait nothing is said."""
LEAST_SECONDS = 2
"""No estimate sounds more exact than that."""


class Progress:
    """The progress of one turn, from its events."""

    def __init__(self, wording: Wording, clock: Callable[[], float] = monotonic) -> None:
        self._wording = wording
        self._clock = clock
        self._found: Retrieved | None = None
        self._wait: Queued | Writing | None = None
        self._since = 0.0

    def see(self, event: Event) -> None:
        match event:
            case Rewritten() | Failed():
                self._found = self._wait = None
            case Retrieved():
                self._found = event
            case Queued() | Writing():
                self._wait, self._since = event, self._clock()

    @property
    def heading(self) -> str:
        """What stands before the titles."""
        return self._wording.found

    @property
    def titles(self) -> tuple[str, ...]:
        """Of the documents that were found, the best first."""
        passages = self._found.passages if self._found else ()
        return tuple(dict.fromkeys(passage.title for passage in passages))

    @property
    def quote(self) -> str:
        """The sentence of the best passage that best matches the question."""
        return self._found.quotes[0] if self._found and self._found.quotes else ""

    @property
    def wait(self) -> str:
        """How long it takes from now on; empty where that is not known, or not long."""
        match self._wait and self._wait.later(self._clock() - self._since):
            case Queued(seconds=seconds) if seconds is not None and seconds >= WORTH_SAYING:
                return _filled(self._wording.queued_for, seconds=seconds)
            case Queued():
                return self._wording.queued
            case Writing(first_word=float(first), complete=float(complete)) if _is_long(first, complete):
                return _filled(self._wording.estimate, first_word=first, complete=complete)
        return ""


def _is_long(first_word: float, complete: float) -> bool:
    return first_word > 0 and complete >= WORTH_SAYING


def _filled(sentence: str, **seconds: float) -> str:
    for name, value in seconds.items():
        sentence = sentence.replace(f"{{{name}}}", str(rounded(value)))
    return sentence


def rounded(seconds: float) -> int:
    """As exact as an estimate can be: to 5 seconds from 10 on, to 10 from a minute on."""
    step = 1 if seconds < 10 else 5 if seconds < 60 else 10
    return max(LEAST_SECONDS, step * round(seconds / step))
