"""Evaluates the whole bot on questions about a set of documents, asked as a customer would ask them.

A question counts as right if the answer states every expected fact and cites an accepted source, or if the bot
abstains where the documents hold no answer. Earlier questions of a conversation are really asked.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import uuid4

from dialogue.conversation import Address, Utterance
from dialogue.events import Answered, Event, Failed, Rewritten, Token
from finetune.evaluation.concurrency import RowProgress, no_progress
from finetune.evaluation.metrics import missing_facts
from finetune.evaluation.results import ResultRow
from finetune.examples import Example

EVALUATION_CHANNEL = "evaluation"
"""The channel on which the questions are asked; the worker needs a sender for it that delivers nothing."""

SAMPLE_QUESTIONS = Path(__file__).with_suffix(".jsonl")
"""The questions about the sample handbook."""

Converse = Callable[[Utterance], AsyncIterator[Event]]
"""Takes an utterance and yields the events of its turn, the answer last: the manager's `converse`."""


class HandbookQuestion(Example):
    """`history` holds the earlier questions; an unanswerable question has neither facts nor sources."""

    kind: str
    history: tuple[str, ...] = ()
    question: str
    answerable: bool
    facts: tuple[tuple[str, ...], ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandbookReply:
    """The reply to one question; `first_token` and `seconds` count from the moment it was asked.

    A reply that came in one piece has its first token at its end. A failure has no citations, so it is never
    right.
    """

    text: str
    query: str
    cited: tuple[str, ...]
    abstained: bool
    first_token: float
    seconds: float


@dataclass(frozen=True, slots=True)
class HandbookResult:
    """A question, its reply and the verdict; `missing` names the facts that the answer does not state."""

    question: HandbookQuestion
    reply: HandbookReply
    missing: tuple[str, ...]
    sourced: bool

    @property
    def right(self) -> bool:
        if not self.question.answerable:
            return self.reply.abstained
        return self.sourced and not self.missing and not self.reply.abstained


async def evaluate_handbook(
    converse: Converse, questions: Iterable[HandbookQuestion], progress: RowProgress = no_progress
) -> list[HandbookResult]:
    """Asks one question after the other, so that times are those of a single user, each in its own conversation."""
    outcomes = []
    for question in questions:
        outcomes.append(judge(question, await _ask_conversation(converse, question)))
        progress()
    return outcomes


def judge(question: HandbookQuestion, reply: HandbookReply) -> HandbookResult:
    """A cited source is accepted if it is, or ends with, the path of a source of the question."""
    sourced = any(
        cited == wanted or cited.endswith(f"/{wanted}")
        for cited in reply.cited
        for wanted in question.sources
    )
    return HandbookResult(question, reply, tuple(missing_facts(reply.text, question.facts)), sourced)


def rows_by_kind(outcomes: Sequence[HandbookResult], system: str) -> list[ResultRow]:
    """One row for each kind of question and one for all: how many are right, and median times in seconds."""
    kinds = list(dict.fromkeys(outcome.question.kind for outcome in outcomes))
    rows = [_row(kind, [o for o in outcomes if o.question.kind == kind], system) for kind in kinds]
    return [*rows, _row("all", outcomes, system)]


def rows_by_question(outcomes: Sequence[HandbookResult], system: str) -> list[ResultRow]:
    """One row per question, to see what went wrong."""
    return [
        {
            "set": "handbook",
            "system": system,
            "id": outcome.question.id,
            "right": int(outcome.right),
            "question": outcome.question.question,
            "query": outcome.reply.query,
            "answer": outcome.reply.text,
            "abstained": int(outcome.reply.abstained),
            "missing": "; ".join(outcome.missing),
            "cited": ", ".join(outcome.reply.cited),
            "first_token_seconds": outcome.reply.first_token,
            "seconds": outcome.reply.seconds,
        }
        for outcome in outcomes
    ]


async def _ask_conversation(converse: Converse, question: HandbookQuestion) -> HandbookReply:
    address = Address(EVALUATION_CHANNEL, uuid4().hex)
    for number, earlier in enumerate(question.history):
        await _ask(converse, Utterance(address, str(number), earlier))
    return await _ask(converse, Utterance(address, "last", question.question))


async def _ask(converse: Converse, utterance: Utterance) -> HandbookReply:
    asked = perf_counter()
    query, first_token, last = utterance.text, None, None
    async for last in converse(utterance):
        if isinstance(last, Rewritten):
            query = last.query
        if isinstance(last, Token) and first_token is None:
            first_token = perf_counter() - asked
    seconds = perf_counter() - asked
    return _reply(last, query, seconds if first_token is None else first_token, seconds)


def _reply(last: Event | None, query: str, first_token: float, seconds: float) -> HandbookReply:
    if not isinstance(last, Answered):
        text = last.message if isinstance(last, Failed) else ""
        return HandbookReply(text, query, (), False, first_token, seconds)
    cited = tuple(dict.fromkeys(citation.source for citation in last.citations))
    return HandbookReply(last.text, query, cited, last.abstained, first_token, seconds)


def _row(kind: str, outcomes: Sequence[HandbookResult], system: str) -> ResultRow:
    return {
        "set": "handbook",
        "system": system,
        "kind": kind,
        "n": len(outcomes),
        "right": sum(o.right for o in outcomes),
        "abstained": sum(o.reply.abstained for o in outcomes),
        "facts_missing": sum(o.question.answerable and bool(o.missing) for o in outcomes),
        "source_missing": sum(o.question.answerable and not o.sourced for o in outcomes),
        "first_token_seconds": median(o.reply.first_token for o in outcomes) if outcomes else None,
        "seconds": median(o.reply.seconds for o in outcomes) if outcomes else None,
    }
