"""The operator's desk: which conversations there are, what people thought of answers, a human's words.

Knows nothing of who may sit at it.
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
from dialogue.store.records import assistant_turn, conversation_from, outbox_row, turn_from


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation in a list."""

    conversation: Conversation
    last_turn: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """What one rater thought of one answer."""

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
    """What waits: user turns for the bot, and answers for delivery."""

    turns: int
    deliveries: int


class OperatorQueries:
    """The part of the store that operators work with."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def conversations(
        self, limit: int, before: datetime | None = None, mode: Mode | None = None
    ) -> list[ConversationSummary]:
        """The conversations last touched before `before`, the newest first."""
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
        """Ratings given before `before`, the newest first, each with the answer that was rated."""
        given, rated = schema.feedback, schema.turn
        both = given.join(
            rated, (rated.c.conversation == given.c.conversation) & (rated.c.number == given.c.turn)
        )
        columns = [column for column in given.c if column.name != "created_at"]
        query = select(*columns, rated.c.text.label("answer")).select_from(both)
        if before is not None:
            query = query.where(given.c.updated_at < before)
        newest = query.order_by(given.c.updated_at.desc()).limit(limit)
        rows = await self._database.read(lambda c: c.execute(newest).mappings().all())
        return [RatedAnswer(**row) for row in rows]

    async def backlog(self) -> Backlog:
        """How much waits now; both counts read only what waits."""
        turns = select(func.count()).where(schema.turn.c.pending).select_from(schema.turn)
        deliveries = select(func.count()).where(schema.waiting).select_from(schema.outbox)
        both = select(turns.scalar_subquery(), deliveries.scalar_subquery())
        return Backlog(*await self._database.read(lambda c: c.execute(both).one()))

    async def send_message(
        self,
        conversation: str,
        text: str,
        operator: str,
        render: Callable[[Answer, Turn], Mapping[str, Any] | None],
    ) -> Turn:
        """Say `text` to the person as the assistant's next turn, on its way through the outbox.

        Raises BotInCharge unless the mode is `human`, UnknownConversation, UnknownTurn if the person has said
        nothing yet, StoreUnavailable.
        """

        def store(connection: Connection) -> Turn:
            home = _number_operator_turn(connection, conversation)
            question = _last_question(connection, conversation)
            answer = Answer(text=text, query="", language=question.language or home["language"] or "en")
            said = assistant_turn(answer, question, home) | {"author": operator, "reply_to": None}
            row = connection.execute(insert(schema.turn).values(said).returning(schema.turn)).mappings().one()
            if (payload := render(answer, question)) is not None:
                connection.execute(insert(schema.outbox).values(outbox_row(payload, home)))
            return turn_from(row)

        return await self._database.write(store)


def _number_operator_turn(connection: Connection, conversation: str) -> RowMapping:
    """The conversation's row, locked, numbered for what the human says."""
    table = schema.conversation
    rows = connection.execute(
        update(table)
        .where(table.c.id == conversation, table.c.mode == Mode.HUMAN)
        .values(last_turn=table.c.last_turn + 1, updated_at=now())
        .returning(table)
    )
    home: RowMapping | None = rows.mappings().one_or_none()
    if home is not None:
        return home
    known = connection.execute(select(table.c.mode).where(table.c.id == conversation))
    mode = known.scalar_one_or_none()
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
