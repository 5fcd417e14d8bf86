"""Turns logged exchanges into examples, guided by the feedback on the answer.

A correction replaces the answer; an answer that was rated up, or that cites its passages and drew no complaint, is
learnt from; one that was rated down is not. Two answers to the same question from the same passages become a
preference pair if one was rated up and the other down.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dialogue.citations import MARKERS, check_citations
from dialogue.conversation import Passage, Turn
from dialogue.grounding import REFUSAL, refuses
from dialogue.language import language_of
from dialogue.rewriting import drifts
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

LOG_SOURCE = "log"


def is_logged(example: str) -> bool:
    """Whether the example with this id was made of the log."""
    return example.partition(":")[0] == LOG_SOURCE


@dataclass(frozen=True, slots=True)
class FeedbackSummary:
    """What people said of an answer. balance: ups less downs. correction: the last, unless most liked the answer."""

    balance: int
    correction: str | None

    @classmethod
    def of(cls, opinions: Sequence[FeedbackEntry]) -> "FeedbackSummary":
        balance = sum(1 if opinion.up else -1 for opinion in opinions)
        corrections = [opinion.correction for opinion in opinions if opinion.correction]
        return cls(balance, corrections[-1] if corrections and balance <= 0 else None)

    @property
    def abstains(self) -> bool:
        """Whether the correction is that nothing answers the question."""
        return self.correction is not None and refuses(self.correction)


@dataclass(frozen=True, slots=True)
class TargetAnswer:
    """An answer to learn, and the chunks that it cites."""

    text: str
    cited: frozenset[str]


def examples_of(exchange: Exchange, opinions: Sequence[FeedbackEntry]) -> Iterator[Example]:
    """The examples in an exchange, given the opinions that count. None where there was nothing to answer from."""
    if exchange.failed or not exchange.passages or not exchange.answer.query:
        return
    feedback = FeedbackSummary.of(opinions)
    made = _ExchangeExamples(exchange, feedback)
    yield from made.rewriting()
    yield from made.grounding()
    yield from made.preference()
    yield from made.rated()
    yield from made.retrieval()


def has_unsupported_correction(exchange: Exchange, opinions: Sequence[FeedbackEntry]) -> bool:
    """Whether a correction says what none of the shown passages bears out: it would teach to make things up."""
    feedback = FeedbackSummary.of(opinions)
    if feedback.correction is None or feedback.abstains:
        return False
    return _ExchangeExamples(exchange, feedback).corrected is None


class _ExchangeExamples:
    def __init__(self, exchange: Exchange, feedback: FeedbackSummary) -> None:
        self._exchange = exchange
        self._feedback = feedback
        self._query = exchange.answer.query or exchange.question.text
        self._passages = tuple(_example_passage(passage) for passage in exchange.passages)
        self.corrected = self._corrected()

    def rewriting(self) -> Iterator[Example]:
        """Where the answer shows that the right thing was searched for."""
        window = [turn for turn in self._exchange.history if not turn.abstained]
        question = self._exchange.question.text
        if window and self._learnt() and not drifts(self._query, question, window):
            yield RewritingExample(
                id=self._id(),
                language=self._language(),
                source=LOG_SOURCE,
                history=_dialogue_turns(window),
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
        """What should have been answered, with its grounds; None if that is not known."""
        if self._feedback.correction is not None:
            return self.corrected
        return self._own() if self._learnt() else None

    def _learnt(self) -> bool:
        """Whether the answer was welcome, or nobody objected to it and it is cited."""
        said = self._exchange.answer
        return not said.abstained and self._silent() and bool(said.citations or self._feedback.balance)

    def _abstention(self) -> str | None:
        """The abstention to learn: one that was asked for, or one that nobody objected to."""
        if self._feedback.abstains:
            return REFUSAL
        said = self._exchange.answer
        return said.text if said.abstained and self._silent() else None

    def _silent(self) -> bool:
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
    """Each rated example is in one pair at most; in the order of the file. Raises BadFile."""
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
    """Questions with welcome and unwelcome answers."""
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
