"""Ratings of answers; a rater's latest rating replaces the earlier one."""

from collections.abc import Callable
from enum import StrEnum

from sqlalchemy import Connection, Select, select

from dialogue.conversation import Role
from dialogue.errors import UnknownTurn
from dialogue.store import schema
from dialogue.store.database import Database, now


class Rating(StrEnum):
    UP = "up"
    DOWN = "down"


class Feedback:
    """`store.feedback`. Every method raises StoreUnavailable if the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.on_rated_down: Callable[[str], None] = lambda query: None
        """Called with the query of every answer that is rated down here, for instance to drop it from a cache."""

    async def rate(
        self,
        conversation: str,
        turn: int,
        rater: str,
        rating: str,
        comment: str | None = None,
        correction: str | None = None,
    ) -> None:
        """Store the rating that `rater` gives the assistant's `turn`, in place of their earlier one.

        correction: what the answer should have been. Raises UnknownTurn if the turn is not an answer, ValueError for a
        rating other than `up` and `down`.
        """
        key = {"conversation": conversation, "turn": turn, "rater": rater}
        values = {"rating": Rating(rating), "comment": comment, "correction": correction, "updated_at": now()}
        upsert = (
            self._database.insert(schema.feedback)
            .values(key | values | {"created_at": values["updated_at"]})
            .on_conflict_do_update(index_elements=list(key), set_=values)
        )

        def store(connection: Connection) -> str:
            answer = connection.execute(_select_query(conversation, turn)).one_or_none()
            if answer is None:
                raise UnknownTurn(conversation, turn, "answer")
            connection.execute(upsert)
            return answer.query or ""

        query = await self._database.write(store)
        if values["rating"] is Rating.DOWN:
            self.on_rated_down(query)


def _select_query(conversation: str, number: int) -> Select[str | None]:
    turn = schema.turn.c
    return select(turn.query).where(
        turn.conversation == conversation, turn.number == number, turn.role == Role.ASSISTANT
    )
