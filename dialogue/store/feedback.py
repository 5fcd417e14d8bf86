"""What people thought of an answer. The latest word of a rater counts."""

from enum import StrEnum

from sqlalchemy import Connection, Select, select

from dialogue.conversation import Role
from dialogue.errors import UnknownTurn
from dialogue.store import schema
from dialogue.store.database import Database, now


class Rating(StrEnum):
    UP = "up"
    DOWN = "down"


class FeedbackEntries:
    """The part of the store that keeps ratings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rate(
        self,
        conversation: str,
        turn: int,
        rater: str,
        rating: str,
        comment: str | None = None,
        correction: str | None = None,
    ) -> None:
        """Keep what `rater` says of the assistant's `turn`, in place of what they said before.

        `correction` is what the answer should have been. Raises UnknownTurn if the bot did not say that turn,
        ValueError for a rating other than `up` and `down`.
        """
        key = {"conversation": conversation, "turn": turn, "rater": rater}
        said = {"rating": Rating(rating), "comment": comment, "correction": correction, "updated_at": now()}
        opinion = (
            self._database.insert(schema.feedback)
            .values(key | said | {"created_at": said["updated_at"]})
            .on_conflict_do_update(index_elements=list(key), set_=said)
        )

        def store(connection: Connection) -> None:
            if connection.execute(_answer(conversation, turn)).one_or_none() is None:
                raise UnknownTurn(conversation, turn, "answer")
            connection.execute(opinion)

        await self._database.write(store)


def _answer(conversation: str, number: int) -> Select[int]:
    turn = schema.turn.c
    return select(turn.number).where(
        turn.conversation == conversation, turn.number == number, turn.role == Role.ASSISTANT
    )
