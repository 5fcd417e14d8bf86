"""A step of a turn, and what it is given: the turn, the history, the conversation's state, and a way to show progress.

A turn is an ordered list of steps. The first that gives an answer ends it; the others pass by returning None.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from time import perf_counter
from typing import Any, Protocol

from dialogue.conversation import Answer, Citation, Conversation, Passage, Turn
from dialogue.events import Event, Retrieved, Rewritten, Token
from dialogue.voice import Wording


class TurnContext:
    """One attempt at the answer to one turn of a person.

    state: the conversation's own small JSON object, such as slots. What a step changes in it is committed in one
    transaction with the answer, or not at all.
    """

    def __init__(
        self,
        conversation: Conversation,
        turn: Turn,
        language: str,
        wording: Wording,
        publish: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self.conversation = conversation
        self.turn = turn
        self.language = language
        """BCP 47, as far as the turn and the channel tell."""
        self.wording = wording
        """The bot's own sentences in that language."""
        self.history: Sequence[Turn] = ()
        """The turns before this one, oldest first; the last few of them."""
        self.state: dict[str, Any] = deepcopy(dict(conversation.state))
        self.query = ""
        self.passages: tuple[Passage, ...] = ()
        self.streamed = ""
        """What the person has been shown of the answer so far."""
        self.timings: dict[str, float] = {}
        self.on_cancel: Callable[[], Answer] = lambda: self.answer(self.streamed)
        """Makes the answer out of what was streamed, for a person who cancels."""
        self._publish = publish
        self._started = perf_counter()

    @property
    def text(self) -> str:
        """What the person said."""
        return self.turn.text

    def answer(self, text: str, *, citations: Sequence[Citation] = (), hand_over: bool = False) -> Answer:
        """An answer in the language of the turn. With `hand_over` the conversation passes to a human."""
        return Answer(
            text=text,
            query=self.query or self.text,
            citations=tuple(citations),
            passages=self.passages,
            language=self.language,
            hand_over=hand_over,
        )

    def rewritten(self, query: str) -> None:
        """Publish the question that stands alone."""
        self.query = query
        self._publish(Rewritten(self.turn.number, query))

    def retrieved(self, passages: Sequence[Passage]) -> None:
        """Publish the passages that were found."""
        self.passages = tuple(passages)
        self._publish(Retrieved(self.turn.number, self.passages))

    def stream(self, text: str) -> None:
        """Publish the next piece of the answer's text, for the person to see at once."""
        self.timings.setdefault("first_token", perf_counter() - self._started)
        self.streamed += text
        self._publish(Token(self.turn.number, text))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Record the seconds that the block takes under the name of a stage."""
        started = perf_counter()
        yield
        self.timings[stage] = perf_counter() - started


class Step(Protocol):
    """One thing that the bot can do in a turn: a skill, a rule, the answer from documents.

    One object serves all conversations at once, so what belongs to a conversation is kept in `turn.state`.
    """

    async def run(self, turn: TurnContext) -> Answer | None:
        """The answer, or None to pass on to the next step. What it raises is retried, and ends in an apology."""
