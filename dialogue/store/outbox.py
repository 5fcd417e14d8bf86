"""What is to be delivered: the outbox's rows, leased to one sender at a time and in order (I5).

A lease is the row's own `due_at` moved into the future: if the sender dies, the message falls due again.
Every lease counts an attempt, and the count tells a sender that stalled from the one that took over. What
is noted here does not wait for the disk: at worst a power cut has a message sent again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, bindparam, case, exists, select, update

from dialogue.conversation import OutboxMessage
from dialogue.store import schema
from dialogue.store.database import Database, now
from dialogue.store.records import outbox_message_from

GIVE_UP_AFTER = timedelta(days=1)
"""What could not be delivered for so long is abandoned, so that what was said later gets through."""
GAVE_UP = "not delivered for a day; the last trouble: "

MESSAGES, WAITING = schema.outbox, schema.waiting
EARLIER = MESSAGES.alias("earlier")

BEHIND_ANOTHER = exists().where(
    EARLIER.c.conversation == MESSAGES.c.conversation,
    EARLIER.c.turn < MESSAGES.c.turn,
    EARLIER.c.settled_at.is_(None),
)
RIPE = (
    select(MESSAGES.c.id)
    .where(
        MESSAGES.c.channel == bindparam("medium"),
        WAITING,
        MESSAGES.c.due_at <= bindparam("moment"),
        ~BEHIND_ANOTHER,
    )
    .order_by(MESSAGES.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
LEASE = (
    update(MESSAGES)
    .where(MESSAGES.c.id.in_(RIPE), WAITING)
    .values(attempts=MESSAGES.c.attempts + 1, taken_by=bindparam("owner"), due_at=bindparam("until"))
    .returning(MESSAGES)
)
CHANGE = update(MESSAGES).where(
    MESSAGES.c.id == bindparam("parcel"), MESSAGES.c.attempts == bindparam("attempt"), WAITING
)
"""Changes a message's row, unless it is settled or another sender has taken it over."""
OLD = MESSAGES.c.created_at < bindparam("horizon")
TROUBLE = bindparam("trouble", type_=schema.Prose)
POSTPONE = CHANGE.values(
    due_at=bindparam("until"),
    settled_at=case((OLD, bindparam("moment", type_=schema.Instant))),
    reason=case((OLD, GAVE_UP + TROUBLE), else_=TROUBLE),
)
SEE = (
    update(MESSAGES)
    .where(MESSAGES.c.conversation == bindparam("home"), MESSAGES.c.turn <= bindparam("seen"), WAITING)
    .values(delivered=True, settled_at=bindparam("moment"))
)


class Outbox:
    """The part of the store that hands messages to the senders of a channel."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, channel: str, owner: str, limit: int, seconds: float) -> list[OutboxMessage]:
        """Lease up to `limit` messages for `seconds`: of each conversation only the oldest undelivered one."""
        lease = {"medium": channel, "owner": owner, "most": limit, "moment": now(), "until": _after(seconds)}
        rows = await self._database.write(lambda c: c.execute(LEASE, lease).mappings().all(), durable=False)
        return sorted(map(outbox_message_from, rows), key=lambda outgoing: outgoing.id)

    async def record_progress(self, outgoing: OutboxMessage, progress: int, seconds: float) -> None:
        """The first `progress` parts of the payload have arrived; the lease lives for `seconds` from now."""
        await self._change(outgoing, {"progress": progress, "due_at": _after(seconds)})

    async def mark_delivered(self, outgoing: OutboxMessage) -> None:
        """All of it has arrived."""
        await self._change(outgoing, {"delivered": True, "settled_at": now(), "reason": None})

    async def postpone(self, outgoing: OutboxMessage, seconds: float, reason: str) -> None:
        """Try again in `seconds`, or never, if it has been tried for PATIENCE."""
        moment = now()
        times = {"moment": moment, "until": _after(seconds), "horizon": moment - GIVE_UP_AFTER}
        await self._change(outgoing, {"trouble": reason, **times}, POSTPONE)

    async def abandon(self, outgoing: OutboxMessage, reason: str) -> None:
        """It can never be delivered; `reason` is kept for the operator."""
        await self._change(outgoing, {"settled_at": now(), "reason": reason})

    async def mark_seen(self, conversation: str, turn: int) -> None:
        """The person saw all up to `turn` in another way: their page asked for what it missed."""
        seen = {"home": conversation, "seen": turn, "moment": now()}
        await self._database.write(lambda c: c.execute(SEE, seen).rowcount)

    async def _change(
        self, outgoing: OutboxMessage, values: Mapping[str, Any], change: Update = CHANGE
    ) -> None:
        leased = {"parcel": outgoing.id, "attempt": outgoing.attempts, **values}
        await self._database.write(lambda c: c.execute(change, leased).rowcount, durable=False)


def _after(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)
