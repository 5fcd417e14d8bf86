"""The live events of a turn, and the bus that carries them from a worker to whoever follows the conversation.

In order: `Accepted`, `Queued` if all workers are busy, `Rewritten`, `Retrieved`, `Writing`, `Token`*, `Answered`. An
attempt that fails ends with `Failed`, and the next one starts at `Rewritten` again. Events are a preview in memory;
what counts is in the store. Who joins in the middle of a turn can have what came before, see `EventBus.listen`.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from time import monotonic

from dialogue.conversation import Citation, Passage


@dataclass(frozen=True, slots=True)
class Accepted:
    """The user's turn is committed, so the channel may acknowledge it (I2)."""

    turn: int
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Queued:
    """Every worker is busy. ahead: conversations that are answered before this one, those being answered included."""

    turn: int
    ahead: int
    seconds: float | None
    """About how long until this one begins; None while that is not known."""

    def later(self, seconds: float) -> "Queued":
        """The same, so many seconds later."""
        return replace(self, seconds=_left(self.seconds, seconds))


@dataclass(frozen=True, slots=True)
class Rewritten:
    turn: int
    query: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    turn: int
    passages: tuple[Passage, ...]
    quotes: tuple[str, ...]
    """For each passage the best of its evidence, or the sentence that best matches the question."""


@dataclass(frozen=True, slots=True)
class Writing:
    """The model begins. About how many seconds from now the first word and the whole answer will be there.

    None until this process has measured an answer.
    """

    turn: int
    first_word: float | None
    complete: float | None

    def later(self, seconds: float) -> "Writing":
        """The same, so many seconds later."""
        return replace(
            self, first_word=_left(self.first_word, seconds), complete=_left(self.complete, seconds)
        )


def _left(estimate: float | None, seconds: float) -> float | None:
    return None if estimate is None else max(0.0, estimate - seconds)


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text. A preview: `Answered` carries the committed text."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer is committed as `turn`; `reply_to` is the user's turn."""

    turn: int
    reply_to: int
    text: str
    citations: tuple[Citation, ...]
    abstained: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """This attempt failed, and the text shown so far is void. `message` is for the person.

    code: `engine` if the answer is tried again (after the last attempt an apology is `Answered`), `human` if a human
    took over.
    """

    code: str
    message: str
    turn: int


Event = Accepted | Queued | Rewritten | Retrieved | Writing | Token | Answered | Failed
"""In all but `Answered`, `turn` is the number of the user's turn."""


MAX_QUEUED_EVENTS = 2_000
"""How far a subscriber may lag before it loses tokens; it never loses other events."""


class Subscription:
    """An endless asynchronous iterator over the events of one conversation."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        return await self._queue.get()

    async def until_quiet(self, seconds: float) -> AsyncGenerator[Event]:
        """The events, until there has been none for `seconds`."""
        with suppress(TimeoutError):
            while True:
                yield await asyncio.wait_for(self._queue.get(), seconds)

    def put(self, event: Event) -> None:
        if self._queue.qsize() < MAX_QUEUED_EVENTS or not isinstance(event, Token):
            self._queue.put_nowait(event)


class TurnProgress:
    """The events of a turn in progress, for those who join in the middle of it."""

    def __init__(self) -> None:
        self._events: list[tuple[float, Event]] = []

    def add(self, event: Event) -> None:
        """Keep the event; an attempt begins with `Rewritten`, and the tokens are kept as one."""
        match event:
            case Queued() | Rewritten() | Failed():
                self._events = [(monotonic(), event)]
            case Token() if self._events and isinstance(last := self._events[-1][1], Token):
                self._events[-1] = (monotonic(), replace(event, text=last.text + event.text))
            case Retrieved() | Writing() | Token():
                self._events.append((monotonic(), event))

    def replay(self) -> Iterator[Event]:
        """The events as they would be published now."""
        for published, event in self._events:
            yield event.later(monotonic() - published) if isinstance(event, Queued | Writing) else event


class EventBus:
    """Publishes events to the subscriptions of a conversation, within this process."""

    def __init__(self) -> None:
        self._subscriptions: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._progress: defaultdict[str, TurnProgress] = defaultdict(TurnProgress)

    @contextmanager
    def listen(self, conversation: str, *, replay: bool = False) -> Iterator[Subscription]:
        """Subscribe to the events of `conversation` until the block ends.

        replay: begin with those of the turn that is in progress.
        """
        subscription = Subscription()
        if replay and conversation in self._progress:
            for event in self._progress[conversation].replay():
                subscription.put(event)
        self._subscriptions[conversation].add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions[conversation].discard(subscription)
            if not self._subscriptions[conversation]:
                del self._subscriptions[conversation]

    def publish(self, conversation: str, event: Event) -> None:
        if not isinstance(event, Accepted | Answered):
            self._progress[conversation].add(event)
        for subscription in self._subscriptions.get(conversation, ()):
            subscription.put(event)

    def end_turn(self, conversation: str) -> None:
        """No turn of the conversation is in progress any more: there is nothing to replay."""
        self._progress.pop(conversation, None)
