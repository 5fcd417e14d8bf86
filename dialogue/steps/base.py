"""A step of a turn, and the context that it gets: the turn, the history, the state, and methods to show progress.

A turn runs an ordered list of steps. The first one that returns an answer ends the turn; a step that returns None
passes on to the next one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from time import perf_counter
from typing import Any, Protocol

from dialogue.conversation import Answer, Citation, Conversation, Passage, Turn
from dialogue.events import Event, Retrieved, Rewritten, Token, Writing
from dialogue.quotes import best_quote
from dialogue.speed import Estimate
from dialogue.voice import Wording


class TurnContext:
    """One attempt at the answer to one user turn.

    state: a small JSON object that belongs to the conversation, such as slots. Changes that steps make to it are
    committed in one transaction with the answer, or not at all.
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
        """BCP 47, judged by the text and the channel."""
        self.wording = wording
        """The bot's own sentences in that language."""
        self.history: Sequence[Turn] = ()
        """The last few turns before this one, oldest first."""
        self.state: dict[str, Any] = deepcopy(dict(conversation.state))
        self.query = ""
        self.passages: tuple[Passage, ...] = ()
        self.streamed = ""
        """The text of the answer that the person has seen so far."""
        self.timings: dict[str, float] = {}
        self.on_cancel: Callable[[], Answer] = lambda: self.answer(self.streamed)
        """Makes the answer from the streamed text if the person cancels."""
        self._publish = publish
        self._started = perf_counter()

    @property
    def text(self) -> str:
        """The person's message."""
        return self.turn.text

    def answer(self, text: str, *, citations: Sequence[Citation] = (), hand_over: bool = False) -> Answer:
        """An answer in the language of the turn. `hand_over` hands the conversation over to a human."""
        return Answer(
            text=text,
            query=self.query or self.text,
            citations=tuple(citations),
            passages=self.passages,
            language=self.language,
            hand_over=hand_over,
        )

    def rewritten(self, query: str) -> None:
        """Publish the standalone question."""
        self.query = query
        self._publish(Rewritten(self.turn.number, query))

    def retrieved(self, passages: Sequence[Passage]) -> None:
        """Publish the retrieved passages, each with the best of its evidence or what best matches the question."""
        self.passages = tuple(passages)
        question = self.query or self.text
        quotes = tuple(
            passage.evidence[0] if passage.evidence else best_quote(question, passage.text)
            for passage in self.passages
        )
        self._publish(Retrieved(self.turn.number, self.passages, quotes))

    def writing(self, estimate: Estimate | None = None) -> None:
        """Publish that the model begins to write, and how long that will take if it is known."""
        first_word, complete = (estimate.first_word, estimate.complete) if estimate else (None, None)
        self._publish(Writing(self.turn.number, first_word, complete))

    def stream(self, text: str) -> None:
        """Publish the next piece of the answer's text, which the person sees at once.

        An empty one shows nothing, but the attempt is known to go on.
        """
        if text:
            self.timings.setdefault("first_token", perf_counter() - self._started)
        self.streamed += text
        self._publish(Token(self.turn.number, text))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Record how many seconds the block takes, under the name of the stage."""
        started = perf_counter()
        yield
        self.timings[stage] = perf_counter() - started


class Step(Protocol):
    """One thing that the bot can do in a turn: a rule, a skill, the answer from the documents.

    One object serves all conversations at the same time, so keep what belongs to a conversation in `turn.state`.
    """

    async def run(self, turn: TurnContext) -> Answer | None:
        """The answer, or None to pass on to the next step.

        If it raises, the turn is tried again a few times, and then the bot apologizes.
        """
