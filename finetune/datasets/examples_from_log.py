"""Turns logged exchanges into examples, guided by the feedback on the answer.

A correction replaces the answer. An answer is learnt from if it was rated up, or if it cites its passages and nobody
objected; an answer that was rated down is not. Two answers to the same question from the same passages become a
preference pair if one was rated up and the other down.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dialogue.citations import check_citations
from dialogue.conversation import Passage, Turn
from dialogue.grounding import REFUSAL, refuses
from dialogue.rewriting import drifts
from dialogue.segments import MARKERS
from finetune.datasets.dataset import pseudonym
from finetune.datasets.filters import normalise
from finetune.datasets.log import Exchange, FeedbackEntry
from finetune.examples import (
    DialogueTurn,
    Example,
    ExamplePassage,
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RetrievalExample,
    RewritingExample,
    read_examples,
)
from retrieval.language_detection import language_of

LOG_SOURCE = "log"


def is_logged(example: str) -> bool:
    """Whether the example with this id comes from the log."""
    return example.partition(":")[0] == LOG_SOURCE


@dataclass(frozen=True, slots=True)
class FeedbackSummary:
    """The feedback on an answer. balance: ups minus downs. correction: the last, unless most liked the answer."""

    balance: int
    correction: str | None

    @classmethod
    def of(cls, feedback: Sequence[FeedbackEntry]) -> "FeedbackSummary":
        balance = sum(1 if entry.up else -1 for entry in feedback)
        corrections = [entry.correction for entry in feedback if entry.correction]
        return cls(balance, corrections[-1] if corrections and balance <= 0 else None)

    @property
    def abstains(self) -> bool:
        """Whether the correction says that nothing answers the question."""
        return self.correction is not None and refuses(self.correction)


@dataclass(frozen=True, slots=True)
class TargetAnswer:
    """An answer to learn, and the ids of the chunks that it cites."""

    text: str
    cited: frozenset[str]


def examples_of(exchange: Exchange) -> Iterator[Example]:
    """The examples in an exchange; none if it failed or there was nothing to answer from."""
    if exchange.failed or not exchange.passages or not exchange.answer.query:
        return
    made = _ExchangeExamples(exchange)
    yield from made.rewriting()
    yield from made.grounding()
    yield from made.preference()
    yield from made.rated()
    yield from made.retrieval()


def has_unsupported_correction(exchange: Exchange) -> bool:
    """Whether a correction says what no passage supports: it would teach the model to make things up."""
    feedback = FeedbackSummary.of(exchange.feedback)
    if feedback.correction is None or feedback.abstains:
        return False
    return _ExchangeExamples(exchange).corrected is None


class _ExchangeExamples:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._feedback = FeedbackSummary.of(exchange.feedback)
        self._query = exchange.answer.query or exchange.question.text
        self._passages = tuple(_example_passage(passage) for passage in exchange.passages)
        self.corrected = self._corrected()

    def rewriting(self) -> Iterator[Example]:
        """Where the answer shows that the search was right."""
        window = [turn for turn in self._exchange.history if not turn.abstained]
        question = self._exchange.question.text
        if window and self._is_good() and not drifts(self._query, question, window):
            yield RewritingExample(
                id=self._id(),
                language=self._language(),
                source=LOG_SOURCE,
                history=_dialogue_turns(window),
                question=question,
                rewrite=self._query,
            )

    def grounding(self) -> Iterator[Example]:
        """The question is the rewritten one that the model was asked; `evidence` replaces the markers."""
        reply = self._reply()
        right = reply.text if reply else self._abstention()
        if right is None:
            return
        yield GroundingExample(
            id=self._id(),
            language=self._language(),
            source=LOG_SOURCE,
            history=_dialogue_turns(self._exchange.history),
            question=self._query,
            passages=self._passages,
            answer=MARKERS.sub("", right),
            answerable=reply is not None,
            evidence=tuple(p.id for p in self._passages if reply and p.id in reply.cited),
        )

    def preference(self) -> Iterator[Example]:
        chosen = REFUSAL if self._feedback.abstains else self.corrected and self.corrected.text
        if chosen and chosen != self._exchange.answer.text:
            yield PreferenceExample(
                id=self._id(),
                language=self._language(),
                history=_dialogue_turns(self._exchange.history),
                question=self._query,
                passages=self._passages,
                rejected=self._exchange.answer.text,
                chosen=chosen,
            )

    def rated(self) -> Iterator[Example]:
        if self._feedback.balance:
            yield RatedExample(
                id=self._id(),
                language=self._language(),
                history=_dialogue_turns(self._exchange.history),
                question=self._query,
                passages=self._passages,
                answer=self._exchange.answer.text,
                welcome=self._feedback.balance > 0,
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

    def _reply(self) -> TargetAnswer | None:
        """What the answer should have been, and what it cites; None if that is unknown."""
        if self._feedback.correction is not None:
            return self.corrected
        return self._own() if self._is_good() else None

    def _is_good(self) -> bool:
        """Whether the answer was rated up, or has citations and nobody objected to it."""
        said = self._exchange.answer
        return not said.abstained and self._unopposed() and bool(said.citations or self._feedback.balance)

    def _abstention(self) -> str | None:
        """The abstention to learn: one that a correction asks for, or one that nobody objected to."""
        if self._feedback.abstains:
            return REFUSAL
        said = self._exchange.answer
        return said.text if said.abstained and self._unopposed() else None

    def _unopposed(self) -> bool:
        """Whether nobody objected."""
        return self._feedback.balance >= 0 and self._feedback.correction is None

    def _own(self) -> TargetAnswer | None:
        cited = frozenset(citation.chunk for citation in self._exchange.answer.citations)
        return TargetAnswer(self._exchange.answer.text, cited) if cited else None

    def _corrected(self) -> TargetAnswer | None:
        """The correction, checked against the passages as an answer is."""
        if self._feedback.correction is None:
            return None
        grounded = check_citations(self._feedback.correction, self._exchange.passages, self._query)
        cited = frozenset(citation.chunk for citation in grounded.citations)
        return TargetAnswer(grounded.text, cited) if cited else None

    def _id(self) -> str:
        return f"{LOG_SOURCE}:{pseudonym(self._exchange.conversation)}:{self._exchange.answer.number}"

    def _language(self) -> str:
        question = self._exchange.question
        return language_of(question.text, question.language)


def _dialogue_turns(history: Sequence[Turn]) -> tuple[DialogueTurn, ...]:
    return tuple(DialogueTurn(role=turn.role.value, text=turn.text) for turn in history)


def _example_passage(passage: Passage) -> ExamplePassage:
    return ExamplePassage(id=passage.chunk, title=passage.title, text=passage.text)


@dataclass(frozen=True, slots=True)
class PairedRatings:
    """made_of: the ids of the two rated examples."""

    example: PreferenceExample
    made_of: tuple[str, str]


def preference_pairs(path: Path) -> Iterator[PairedRatings]:
    """Pairs in the order of the file; each rated example is in at most one. Raises BadFile."""
    contested = _contested_questions(path)
    waiting: defaultdict[bytes, list[RatedExample]] = defaultdict(list)
    for example in read_examples(path, RatedExample):
        asked = _question_key(example)
        if asked not in contested:
            continue
        other = next((one for one in waiting[asked] if one.welcome is not example.welcome), None)
        if other is None:
            waiting[asked].append(example)
        else:
            waiting[asked].remove(other)
            yield _pair(*sorted((example, other), key=lambda one: not one.welcome))


def _contested_questions(path: Path) -> frozenset[bytes]:
    """Questions with both welcome and unwelcome answers."""
    verdicts: defaultdict[bytes, set[bool]] = defaultdict(set)
    for example in read_examples(path, RatedExample):
        verdicts[_question_key(example)].add(example.welcome)
    return frozenset(asked for asked, given in verdicts.items() if len(given) > 1)


def _question_key(example: RatedExample) -> bytes:
    told = [normalise(example.question), *sorted(passage.id for passage in example.passages)]
    return hashlib.sha256("\n".join(told).encode("utf-8", "surrogatepass")).digest()


def _pair(chosen: RatedExample, rejected: RatedExample) -> PairedRatings:
    example = PreferenceExample(
        id=f"{chosen.id}:{rejected.id.partition(':')[2]}",
        language=chosen.language,
        history=chosen.history,
        question=chosen.question,
        passages=chosen.passages,
        rejected=rejected.answer,
        chosen=chosen.answer,
    )
    return PairedRatings(example, (chosen.id, rejected.id))
