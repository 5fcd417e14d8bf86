"""The outbox: rendered answers, leased to one dispatcher at a time and delivered in order (I5).

Leasing a message moves its `due_at` into the future, so it becomes due again if the dispatcher dies. Every lease counts
as an attempt, and updates compare the count, so a dispatcher that stalled cannot overwrite the one that took over.
Progress is not flushed to disk: after a power cut a message may be sent again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, bindparam, case, exists, select, update

from dialogue.conversation import OutboxMessage
from dialogue.store import schema
from dialogue.store.database import Database, now
from dialogue.store.records import outbox_message_from

GAVE_UP = "not delivered in time; last failure: "

OUTBOX, UNSETTLED = schema.outbox, schema.unsettled
EARLIER = OUTBOX.alias("earlier")

BEHIND_ANOTHER = exists().where(
    EARLIER.c.conversation == OUTBOX.c.conversation,
    EARLIER.c.turn < OUTBOX.c.turn,
    EARLIER.c.settled_at.is_(None),
)
DUE = (
    select(OUTBOX.c.id)
    .where(
        OUTBOX.c.channel == bindparam("channel_name"),
        UNSETTLED,
        OUTBOX.c.due_at <= bindparam("moment"),
        ~BEHIND_ANOTHER,
    )
    .order_by(OUTBOX.c.due_at)
    .limit(bindparam("row_limit"))
    .with_for_update(skip_locked=True)
)
LEASE = (
    update(OUTBOX)
    .where(OUTBOX.c.id.in_(DUE), UNSETTLED)
    .values(attempts=OUTBOX.c.attempts + 1, taken_by=bindparam("owner"), due_at=bindparam("until"))
    .returning(OUTBOX)
)
UPDATE_LEASED = update(OUTBOX).where(
    OUTBOX.c.id == bindparam("message_id"), OUTBOX.c.attempts == bindparam("attempt_number"), UNSETTLED
)
"""Updates a leased message, unless it is settled or another dispatcher has taken it over."""
TOO_OLD = OUTBOX.c.created_at < bindparam("give_up_before")
REASON = bindparam("failure_reason", type_=schema.Prose)
POSTPONE = UPDATE_LEASED.values(
    due_at=bindparam("until"),
    settled_at=case((TOO_OLD, bindparam("moment", type_=schema.Instant))),
    reason=case((TOO_OLD, GAVE_UP + REASON), else_=REASON),
)
MARK_SEEN = (
    update(OUTBOX)
    .where(
        OUTBOX.c.conversation == bindparam("conversation_id"),
        OUTBOX.c.turn <= bindparam("seen_turn"),
        UNSETTLED,
    )
    .values(delivered=True, settled_at=bindparam("moment"))
)


class Outbox:
    """`store.outbox`. Every method raises StoreUnavailable if the database fails."""

    def __init__(self, database: Database, *, give_up_after: timedelta = timedelta(days=1)) -> None:
        """give_up_after: a message that could not be delivered for so long is abandoned, and the next one is sent."""
        self._database = database
        self._give_up_after = give_up_after

    async def due(self, channel: str, owner: str, limit: int, seconds: float) -> list[OutboxMessage]:
        """Lease up to `limit` due messages for `seconds`; only the oldest unsettled one of each conversation."""
        parameters = {
            "channel_name": channel,
            "owner": owner,
            "row_limit": limit,
            "moment": now(),
            "until": _after(seconds),
        }
        rows = await self._database.write(
            lambda c: c.execute(LEASE, parameters).mappings().all(), durable=False
        )
        return sorted(map(outbox_message_from, rows), key=lambda outgoing: outgoing.id)

    async def record_progress(self, outgoing: OutboxMessage, progress: int, seconds: float) -> None:
        """Record that the first `progress` parts of the payload arrived, and extend the lease to `seconds` from now."""
        await self._update(outgoing, {"progress": progress, "due_at": _after(seconds)})

    async def mark_delivered(self, outgoing: OutboxMessage) -> None:
        """Record that the whole message arrived."""
        await self._update(outgoing, {"delivered": True, "settled_at": now(), "reason": None})

    async def postpone(self, outgoing: OutboxMessage, seconds: float, reason: str) -> None:
        """Make the message due again in `seconds`, or abandon it if it is older than `give_up_after`."""
        moment = now()
        times = {"moment": moment, "until": _after(seconds), "give_up_before": moment - self._give_up_after}
        await self._update(outgoing, {"failure_reason": reason, **times}, POSTPONE)

    async def abandon(self, outgoing: OutboxMessage, reason: str) -> None:
        """Give up on the message; `reason` is kept for operators."""
        await self._update(outgoing, {"settled_at": now(), "reason": reason})

    async def mark_seen(self, conversation: str, turn: int) -> None:
        """Settle the messages up to `turn`, which the person saw in another way, such as in a reloaded page."""
        parameters = {"conversation_id": conversation, "seen_turn": turn, "moment": now()}
        await self._database.write(lambda c: c.execute(MARK_SEEN, parameters).rowcount)

    async def _update(
        self, outgoing: OutboxMessage, values: Mapping[str, Any], statement: Update = UPDATE_LEASED
    ) -> None:
        parameters = {"message_id": outgoing.id, "attempt_number": outgoing.attempts, **values}
        await self._database.write(lambda c: c.execute(statement, parameters).rowcount, durable=False)


def _after(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)
