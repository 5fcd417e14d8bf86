"""What an exchange teaches: examples of each kind that it is good for.

Follows what people said of the answer: a correction takes its place, a welcome or well cited one is learnt from, one
that was rated down is not. Knows values; reads and filters nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dialogue.citations import MARKERS, ground
from dialogue.conversation import Passage, Turn
from dialogue.grounding import REFUSAL, refuses
from dialogue.language import language_of
from dialogue.rewriting import drifts
from finetune.datasets.log import Exchange, Opinion
from finetune.datasets.splitting import pseudonym
from finetune.examples import (
    Example,
    GivenPassage,
    GroundingExample,
    Line,
    PreferenceExample,
    RatedExample,
    RetrievalExample,
    RewritingExample,
)

SOURCE = "log"


def is_logged(example: str) -> bool:
    """Whether the example with this id was made of the log."""
    return example.partition(":")[0] == SOURCE


@dataclass(frozen=True, slots=True)
class Verdict:
    """What people said of an answer. balance: ups less downs. correction: the last, unless most liked the answer."""

    balance: int
    correction: str | None

    @classmethod
    def of(cls, opinions: Sequence[Opinion]) -> "Verdict":
        balance = sum(1 if opinion.up else -1 for opinion in opinions)
        corrections = [opinion.correction for opinion in opinions if opinion.correction]
        return cls(balance, corrections[-1] if corrections and balance <= 0 else None)

    @property
    def abstains(self) -> bool:
        """Whether the correction is that nothing answers the question."""
        return self.correction is not None and refuses(self.correction)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to learn, and the chunks that it cites."""

    text: str
    cited: frozenset[str]


def examples_of(exchange: Exchange, opinions: Sequence[Opinion]) -> Iterator[Example]:
    """The examples in an exchange, given the opinions that count. None where there was nothing to answer from."""
    if exchange.failed or not exchange.passages or not exchange.answer.query:
        return
    verdict = Verdict.of(opinions)
    lesson = _Lesson(exchange, verdict)
    yield from lesson.rewriting()
    yield from lesson.grounding()
    yield from lesson.preference()
    yield from lesson.rated()
    yield from lesson.retrieval()


def unsupported(exchange: Exchange, opinions: Sequence[Opinion]) -> bool:
    """Whether a correction says what none of the shown passages bears out: it would teach to make things up."""
    verdict = Verdict.of(opinions)
    if verdict.correction is None or verdict.abstains:
        return False
    return _Lesson(exchange, verdict).corrected is None


class _Lesson:
    def __init__(self, exchange: Exchange, verdict: Verdict) -> None:
        self._exchange = exchange
        self._verdict = verdict
        self._query = exchange.answer.query or exchange.question.text
        self._passages = tuple(_given(passage) for passage in exchange.passages)
        self.corrected = self._corrected()

    def rewriting(self) -> Iterator[Example]:
        """Where the answer shows that the right thing was searched for."""
        window = [turn for turn in self._exchange.history if not turn.abstained]
        question = self._exchange.question.text
        if window and self._learnt() and not drifts(self._query, question, window):
            yield RewritingExample(
                id=self._id(),
                language=self._language(),
                source=SOURCE,
                history=_lines(window),
                question=question,
                rewrite=self._query,
            )

    def grounding(self) -> Iterator[Example]:
        """The question is the rewritten one, as the answering model was asked it; `evidence` stands for the markers."""
        reply = self._reply()
        right = reply.text if reply else self._abstention()
        if right is None:
            return
        yield GroundingExample(
            id=self._id(),
            language=self._language(),
            source=SOURCE,
            history=_lines(self._exchange.history),
            question=self._query,
            passages=self._passages,
            answer=MARKERS.sub("", right),
            answerable=reply is not None,
            evidence=tuple(p.id for p in self._passages if reply and p.id in reply.cited),
        )

    def preference(self) -> Iterator[Example]:
        chosen = REFUSAL if self._verdict.abstains else self.corrected and self.corrected.text
        if chosen and chosen != self._exchange.answer.text:
            yield PreferenceExample(
                id=self._id(),
                language=self._language(),
                history=_lines(self._exchange.history),
                question=self._query,
                passages=self._passages,
                rejected=self._exchange.answer.text,
                chosen=chosen,
            )

    def rated(self) -> Iterator[Example]:
        if self._verdict.balance:
            yield RatedExample(
                id=self._id(),
                language=self._language(),
                history=_lines(self._exchange.history),
                question=self._query,
                passages=self._passages,
                answer=self._exchange.answer.text,
                welcome=self._verdict.balance > 0,
            )

    def retrieval(self) -> Iterator[Example]:
        reply = self._reply()
        cited = [p for p in self._passages if reply and p.id in reply.cited]
        others = tuple(p for p in self._passages if p not in cited)
        for number, passage in enumerate(cited, 1):
            yield RetrievalExample(
                id=f"{self._id()}:{number}",
                language=self._language(),
                query=self._query,
                positive=passage,
                negatives=others,
            )

    def _reply(self) -> Reply | None:
        """What should have been answered, with its grounds; None if that is not known."""
        if self._verdict.correction is not None:
            return self.corrected
        return self._own() if self._learnt() else None

    def _learnt(self) -> bool:
        """Whether the answer was welcome, or nobody objected to it and it is cited."""
        said = self._exchange.answer
        return not said.abstained and self._silent() and bool(said.citations or self._verdict.balance)

    def _abstention(self) -> str | None:
        """The abstention to learn: one that was asked for, or one that nobody objected to."""
        if self._verdict.abstains:
            return REFUSAL
        said = self._exchange.answer
        return said.text if said.abstained and self._silent() else None

    def _silent(self) -> bool:
        """Whether nobody objected."""
        return self._verdict.balance >= 0 and self._verdict.correction is None

    def _own(self) -> Reply | None:
        cited = frozenset(citation.chunk for citation in self._exchange.answer.citations)
        return Reply(self._exchange.answer.text, cited) if cited else None

    def _corrected(self) -> Reply | None:
        """The correction, checked against the passages as an answer is."""
        if self._verdict.correction is None:
            return None
        grounded = ground(self._verdict.correction, self._exchange.passages, self._query)
        cited = frozenset(citation.chunk for citation in grounded.citations)
        return Reply(grounded.text, cited) if cited else None

    def _id(self) -> str:
        return f"{SOURCE}:{pseudonym(self._exchange.conversation)}:{self._exchange.answer.number}"

    def _language(self) -> str:
        question = self._exchange.question
        return language_of(question.text, question.language)


def _lines(history: Sequence[Turn]) -> tuple[Line, ...]:
    return tuple(Line(role=turn.role.value, text=turn.text) for turn in history)


def _given(passage: Passage) -> GivenPassage:
    return GivenPassage(id=passage.chunk, title=passage.title, text=passage.text)
