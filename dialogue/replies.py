"""The answer to a turn, committed once and whole (I4): reply, grounds, origin, and outbox row."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, update

from dialogue import schema
from dialogue.claims import HOLDS, WAITS, held_by
from dialogue.conversation import Answer, Claim, Mode, Role, Turn
from dialogue.database import Database, now
from dialogue.errors import ClaimLost
from dialogue.modes import change_mode
from dialogue.records import citation_to, passage_to, turn_from

HOME, TURN = schema.conversation, schema.turn

NUMBER = (
    update(HOME)
    .where(HOLDS)
    .values(last_turn=HOME.c.last_turn + 1, updated_at=bindparam("moment"))
    .returning(HOME)
)
SETTLE = update(TURN).where(WAITS).values(pending=False)
SAY = insert(TURN).returning(TURN)
FIND = insert(schema.hit)
SHIP = insert(schema.outbox)


class Replies:
    """The part of the store that commits answers."""

    _database: Database

    async def commit(
        self, claim: Claim, turn: Turn, answer: Answer, payload: Mapping[str, Any] | None
    ) -> Turn:
        """Store `answer` to the user's `turn`, and `payload` (JSON) for its channel, in one transaction.

        With None there is nothing to deliver. An answer that hands over changes the mode with it. Returns the
        assistant's turn. Raises ClaimLost, and stores nothing, if another worker holds the
        conversation or the turn is answered, forgotten or in human hands already; StoreUnavailable.
        """

        def store(connection: Connection) -> Turn:
            home = _fenced(connection, claim, turn)
            reply = connection.execute(SAY, assistant_turn(answer, turn, home)).mappings().one()
            self._ground(connection, answer, home)
            if payload is not None:
                connection.execute(SHIP, outbox_row(payload, home))
            if answer.hand_over:
                change_mode(connection, claim.conversation, Mode.HUMAN)
            return turn_from(reply)

        return await self._database.write(store)

    def _ground(self, connection: Connection, answer: Answer, home: RowMapping) -> None:
        if not answer.passages:
            return
        shown = [passage_to(passage) for passage in answer.passages]
        # Sorted, so that two workers that store the same passages at once cannot wait for each other.
        connection.execute(
            self._database.insert(schema.passage).on_conflict_do_nothing(),
            sorted(shown, key=lambda row: row["digest"]),
        )
        hits = [
            {
                "conversation": home["id"],
                "turn": home["last_turn"],
                "n": passage.n,
                "chunk": passage.chunk,
                "passage": row["digest"],
                "score": passage.score,
            }
            for passage, row in zip(answer.passages, shown, strict=True)
        ]
        connection.execute(FIND, hits)


def _fenced(connection: Connection, claim: Claim, turn: Turn) -> RowMapping:
    """The conversation's row, locked, numbered for the reply, if `claim` holds and `turn` still waits."""
    reply = held_by(claim) | {"question": turn.number, "moment": now()}
    home = connection.execute(NUMBER, reply).mappings().one_or_none()
    answered = connection.execute(SETTLE, reply)
    if home is None or not answered.rowcount:
        raise ClaimLost(claim.conversation, claim.fence)
    return home


def assistant_turn(answer: Answer, turn: Turn, home: RowMapping) -> dict[str, Any]:
    return {
        "conversation": home["id"],
        "number": home["last_turn"],
        "role": Role.ASSISTANT,
        "text": answer.text,
        "channel": home["channel"],
        "account": home["account"],
        "language": answer.language,
        "pending": False,
        "attempts": 0,
        "reply_to": turn.number,
        "query": answer.query,
        "citations": [citation_to(citation) for citation in answer.citations],
        "abstained": answer.abstained,
        "failed": answer.failed,
        "release": answer.release,
        "timings": dict(answer.timings),
        "created_at": now(),
    }


def outbox_row(payload: Mapping[str, Any], home: RowMapping) -> dict[str, Any]:
    moment = now()
    return {
        "conversation": home["id"],
        "turn": home["last_turn"],
        "channel": home["channel"],
        "account": home["account"],
        "payload": dict(payload),
        "progress": 0,
        "attempts": 0,
        "due_at": moment,
        "delivered": False,
        "created_at": moment,
    }
