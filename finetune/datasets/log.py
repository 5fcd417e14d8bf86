"""Reads the stored conversations as exchanges: a question, its answer, and the feedback on it.

Only conversations whose participants consented are read, page by page, so memory does not grow with the log.
"""

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, func, select, tuple_

from dialogue.conversation import Passage, Role, Turn
from dialogue.rewriting import HISTORY_TURNS
from dialogue.store import schema
from dialogue.store.database import Database
from dialogue.store.records import turn_from

CONVERSATION, TURN, HIT, PASSAGE, FEEDBACK = (
    schema.conversation,
    schema.turn,
    schema.hit,
    schema.passage,
    schema.feedback,
)
PAGE_SIZE = 500

TurnKey = tuple[str, int]
"""A turn: its conversation and its number."""


@dataclass(frozen=True, slots=True)
class FeedbackEntry:
    """What one rater said about one answer. rater: prefixed with the channel, since ids are only unique within one."""

    conversation: str
    turn: int
    rater: str
    up: bool
    correction: str | None


@dataclass(frozen=True, slots=True)
class AnswerFeedback:
    """A rating, and the query and answer that it is about."""

    entry: FeedbackEntry
    query: str
    answer: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """account: of the conversation, prefixed with the channel. history: the turns before the question, oldest first."""

    account: str
    history: tuple[Turn, ...]
    question: Turn
    answer: Turn
    failed: bool
    passages: tuple[Passage, ...]
    feedback: tuple[FeedbackEntry, ...]

    @property
    def conversation(self) -> str:
        return self.answer.conversation

    @property
    def turns(self) -> tuple[int, ...]:
        """The numbers of all turns that its words come from."""
        return (*(turn.number for turn in self.history), self.question.number, self.answer.number)


class ConversationLog:
    """since: leaves out exchanges that were answered earlier. page_size: how many rows are read at once."""

    def __init__(
        self, database: Database, since: datetime | None = None, *, page_size: int = PAGE_SIZE
    ) -> None:
        self._database = database
        self._since = since
        self._page_size = page_size

    async def exchanges(self) -> AsyncIterator[Exchange]:
        """The exchanges of all conversations with consent, each conversation in its order. Raises StoreUnavailable."""
        window: deque[Turn] = deque(maxlen=HISTORY_TURNS)
        asked: tuple[tuple[Turn, ...], Turn] | None = None
        async for page in self._pages(_select_turns()):
            context = await self._answer_context(page)
            for row in page:
                turn = turn_from(row)
                if window and window[-1].conversation != turn.conversation:
                    window.clear()
                if turn.role is Role.USER:
                    asked = (tuple(window), turn)
                elif asked and _is_answer_to(turn, asked[1]) and self._counts(turn):
                    yield context.exchange(row, *asked, turn)
                window.append(turn)

    async def feedback(self) -> AsyncIterator[AnswerFeedback]:
        """All ratings in conversations with consent, by conversation and turn. Raises StoreUnavailable."""
        async for page in self._pages(_select_ratings()):
            for row in page:
                yield AnswerFeedback(_feedback_entry(row), row["query"] or "", row["text"])

    async def without_consent(self) -> int:
        """The number of answers in conversations without consent. Raises StoreUnavailable."""
        answers = (
            select(func.count())
            .select_from(TURN.join(CONVERSATION, TURN.c.conversation == CONVERSATION.c.id))
            .where(CONVERSATION.c.consent.is_(False), TURN.c.reply_to.is_not(None))
        )
        if self._since is not None:
            answers = answers.where(TURN.c.created_at >= self._since)
        return int(await self._database.read(lambda c: c.execute(answers).scalar_one()))

    def _counts(self, answer: Turn) -> bool:
        return self._since is None or answer.created_at >= self._since

    async def _pages(self, query: Select[*tuple[Any, ...]]) -> AsyncIterator[Sequence[RowMapping]]:
        """The rows of `query`, which must be ordered by its first three columns."""
        place = tuple_(*list(query.selected_columns)[:3])
        due = query
        while page := await self._rows(due.limit(self._page_size)):
            yield page
            due = query.where(place > tuple_(*list(page[-1].values())[:3]))

    async def _answer_context(self, page: Sequence[RowMapping]) -> "_AnswerContext":
        answers = [(row["conversation"], row["number"]) for row in page if row["role"] == Role.ASSISTANT]
        if not answers:
            return _AnswerContext({}, {})
        shown, given = defaultdict(list), defaultdict(list)
        for row in await self._rows(_select_passages(answers)):
            shown[row["conversation"], row["turn"]].append(_passage(row))
        for row in await self._rows(_select_feedback(answers)):
            given[row["conversation"], row["turn"]].append(_feedback_entry(row))
        return _AnswerContext(shown, given)

    async def _rows(self, query: Select[*tuple[Any, ...]]) -> Sequence[RowMapping]:
        def read(connection: Connection) -> Sequence[RowMapping]:
            return connection.execute(query).mappings().all()

        return await self._database.read(read)


@dataclass(frozen=True, slots=True)
class _AnswerContext:
    """The passages that were shown for the answers of a page, and the feedback on them."""

    shown: Mapping[TurnKey, Sequence[Passage]]
    given: Mapping[TurnKey, Sequence[FeedbackEntry]]

    def exchange(self, row: RowMapping, history: tuple[Turn, ...], question: Turn, answer: Turn) -> Exchange:
        key = (answer.conversation, answer.number)
        return Exchange(
            account=f"{row['channel']}:{row['account']}",
            history=history,
            question=question,
            answer=answer,
            failed=row["failed"],
            passages=tuple(self.shown.get(key, ())),
            feedback=tuple(self.given.get(key, ())),
        )


def _is_answer_to(turn: Turn, question: Turn) -> bool:
    return turn.conversation == question.conversation and turn.reply_to == question.number


def _select_turns() -> Select[*tuple[Any, ...]]:
    """In the order in which history is read: an answer directly after its question, whenever it was given."""
    place = (TURN.c.conversation, TURN.c.asked, TURN.c.number)
    others = [column for column in TURN.c if column not in place]
    return (
        select(*place, *others)
        .join(CONVERSATION, TURN.c.conversation == CONVERSATION.c.id)
        .where(CONVERSATION.c.consent.is_(True))
        .order_by(*place)
    )


def _select_ratings() -> Select[*tuple[Any, ...]]:
    place = (FEEDBACK.c.conversation, FEEDBACK.c.turn, FEEDBACK.c.rater)
    rated = and_(TURN.c.conversation == FEEDBACK.c.conversation, TURN.c.number == FEEDBACK.c.turn)
    return (
        select(*place, FEEDBACK.c.rating, FEEDBACK.c.correction, TURN.c.channel, TURN.c.query, TURN.c.text)
        .join(TURN, rated)
        .join(CONVERSATION, TURN.c.conversation == CONVERSATION.c.id)
        .where(CONVERSATION.c.consent.is_(True))
        .order_by(*place)
    )


def _select_passages(answers: Sequence[TurnKey]) -> Select[*tuple[Any, ...]]:
    return (
        select(HIT, PASSAGE.c.title, PASSAGE.c.source, PASSAGE.c.text)
        .join(PASSAGE, HIT.c.passage == PASSAGE.c.digest)
        .where(tuple_(HIT.c.conversation, HIT.c.turn).in_(answers))
        .order_by(HIT.c.conversation, HIT.c.turn, HIT.c.n)
    )


def _select_feedback(answers: Sequence[TurnKey]) -> Select[*tuple[Any, ...]]:
    """The newest last, since a later correction wins."""
    of = and_(TURN.c.conversation == FEEDBACK.c.conversation, TURN.c.number == FEEDBACK.c.turn)
    return (
        select(FEEDBACK, TURN.c.channel)
        .join(TURN, of)
        .where(tuple_(FEEDBACK.c.conversation, FEEDBACK.c.turn).in_(answers))
        .order_by(FEEDBACK.c.conversation, FEEDBACK.c.turn, FEEDBACK.c.updated_at, FEEDBACK.c.rater)
    )


def _passage(row: RowMapping) -> Passage:
    return Passage(row["n"], row["chunk"], row["title"], row["source"], row["text"], row["score"])


def _feedback_entry(row: RowMapping) -> FeedbackEntry:
    return FeedbackEntry(
        conversation=row["conversation"],
        turn=row["turn"],
        rater=f"{row['channel']}:{row['rater']}",
        up=row["rating"] == "up",
        correction=row["correction"] or None,
    )
