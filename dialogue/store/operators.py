"""What operators need: lists of conversations and ratings, the backlog, and messages written by a human.

Who may do this is decided above, in `bot/http`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from dialogue.conversation import Answer, Conversation, Mode, Role, Turn
from dialogue.errors import BotInCharge, UnknownConversation, UnknownTurn
from dialogue.store import schema
from dialogue.store.database import Database, now
from dialogue.store.records import assistant_turn_row, conversation_from, outbox_row, turn_from


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation as an entry of a list."""

    conversation: Conversation
    last_turn: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """One rating, with the answer that it rates."""

    conversation: str
    turn: int
    rater: str
    rating: str
    comment: str | None
    correction: str | None
    updated_at: datetime
    answer: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much is waiting: user turns for an answer, and answers for delivery."""

    turns: int
    deliveries: int


class OperatorQueries:
    """`store.operators`. Every method raises StoreUnavailable if the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def conversations(
        self, limit: int, before: datetime | None = None, mode: Mode | None = None
    ) -> list[ConversationSummary]:
        """The conversations that were last updated before `before`, newest first."""
        table = schema.conversation.c
        query = select(schema.conversation).order_by(table.updated_at.desc()).limit(limit)
        if before is not None:
            query = query.where(table.updated_at < before)
        if mode is not None:
            query = query.where(table.mode == mode)
        rows = await self._database.read(lambda c: c.execute(query).mappings().all())
        return [
            ConversationSummary(conversation_from(row), row["last_turn"], row["updated_at"]) for row in rows
        ]

    async def ratings(self, limit: int, before: datetime | None = None) -> list[RatedAnswer]:
        """The ratings given before `before`, newest first, each with the answer that it rates."""
        feedback, answer = schema.feedback, schema.turn
        both = feedback.join(
            answer, (answer.c.conversation == feedback.c.conversation) & (answer.c.number == feedback.c.turn)
        )
        columns = [column for column in feedback.c if column.name != "created_at"]
        query = select(*columns, answer.c.text.label("answer")).select_from(both)
        if before is not None:
            query = query.where(feedback.c.updated_at < before)
        newest = query.order_by(feedback.c.updated_at.desc()).limit(limit)
        rows = await self._database.read(lambda c: c.execute(newest).mappings().all())
        return [RatedAnswer(**row) for row in rows]

    async def backlog(self) -> Backlog:
        """How much is waiting now. Both counts read an index of waiting rows only."""
        turns = select(func.count()).where(schema.turn.c.pending).select_from(schema.turn)
        deliveries = select(func.count()).where(schema.unsettled).select_from(schema.outbox)
        both = select(turns.scalar_subquery(), deliveries.scalar_subquery())
        return Backlog(*await self._database.read(lambda c: c.execute(both).one()))

    async def send_as_operator(
        self,
        conversation: str,
        text: str,
        operator: str,
        render: Callable[[Answer, Turn], Mapping[str, Any] | None],
    ) -> Turn:
        """Append `text` as the assistant's next turn and put it into the outbox.

        Raises BotInCharge unless the mode is `human`, UnknownConversation, UnknownTurn if the person has written
        nothing yet.
        """

        def transaction(connection: Connection) -> Turn:
            row = _next_number_for_human(connection, conversation)
            question = _last_question(connection, conversation)
            answer = Answer(text=text, query="", language=question.language or row["language"] or "en")
            values = assistant_turn_row(answer, question, row) | {"author": operator, "reply_to": None}
            insert_turn = insert(schema.turn).values(values).returning(schema.turn)
            turn = connection.execute(insert_turn).mappings().one()
            if (payload := render(answer, question)) is not None:
                connection.execute(insert(schema.outbox).values(outbox_row(payload, row)))
            return turn_from(turn)

        return await self._database.write(transaction)


def _next_number_for_human(connection: Connection, conversation: str) -> RowMapping:
    """Take the next turn number for a human's message: the conversation's row, locked."""
    table = schema.conversation
    rows = connection.execute(
        update(table)
        .where(table.c.id == conversation, table.c.mode == Mode.HUMAN)
        .values(last_turn=table.c.last_turn + 1, updated_at=now())
        .returning(table)
    )
    row: RowMapping | None = rows.mappings().one_or_none()
    if row is not None:
        return row
    existing = connection.execute(select(table.c.mode).where(table.c.id == conversation))
    mode = existing.scalar_one_or_none()
    raise BotInCharge(conversation, mode) if mode else UnknownConversation(conversation)


def _last_question(connection: Connection, conversation: str) -> Turn:
    turn = schema.turn.c
    rows = connection.execute(
        select(schema.turn)
        .where(turn.conversation == conversation, turn.role == Role.USER)
        .order_by(turn.number.desc())
        .limit(1)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise UnknownTurn(conversation, 1)
    return turn_from(row)
