"""What is to be delivered: the outbox's rows, leased to one sender at a time and in order (I5).

A lease is the row's own `due_at` moved into the future: if the sender dies, the parcel falls due again.
Every lease counts an attempt, and the count tells a sender that stalled from the one that took over.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, select, update

from dialogue import schema
from dialogue.conversation import Parcel
from dialogue.database import Database, now
from dialogue.records import parcel_from

PATIENCE = timedelta(days=1)
"""What could not be delivered for so long is abandoned, so that what was said later gets through."""

GAVE_UP = "not delivered for a day; the last trouble: "


class Parcels:
    """The part of the store that hands parcels to the senders of a channel."""

    _database: Database

    async def due(self, channel: str, owner: str, limit: int, seconds: float) -> list[Parcel]:
        """Lease up to `limit` parcels for `seconds`: of each conversation only the oldest undelivered one."""
        table = schema.outbox
        ripe = (
            select(table.c.id)
            .where(table.c.channel == channel, schema.waiting, table.c.due_at <= now(), ~_is_behind_another())
            .order_by(table.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        lease = {
            "taken_by": owner,
            "attempts": table.c.attempts + 1,
            "due_at": now() + timedelta(seconds=seconds),
        }
        leasing = update(table).where(table.c.id.in_(ripe), schema.waiting).values(lease).returning(table)
        rows = await self._database.write(lambda c: c.execute(leasing).mappings().all())
        return sorted(map(parcel_from, rows), key=lambda parcel: parcel.id)

    async def arrived(self, parcel: Parcel, progress: int, seconds: float) -> None:
        """The first `progress` parts of the payload have arrived; the lease lives for `seconds` from now."""
        await self._update(parcel, progress=progress, due_at=now() + timedelta(seconds=seconds))

    async def delivered(self, parcel: Parcel) -> None:
        """All of it has arrived."""
        await self._update(parcel, delivered=True, settled_at=now(), reason=None)

    async def postpone(self, parcel: Parcel, seconds: float, reason: str) -> None:
        """Try again in `seconds`, or never, if it has been tried for PATIENCE."""
        old = schema.outbox.c.created_at < now() - PATIENCE
        await self._update(
            parcel,
            due_at=now() + timedelta(seconds=seconds),
            settled_at=case((old, now())),
            reason=case((old, GAVE_UP + reason), else_=reason),
        )

    async def abandon(self, parcel: Parcel, reason: str) -> None:
        """It can never be delivered; `reason` is kept for the operator."""
        await self._update(parcel, settled_at=now(), reason=reason)

    async def delivered_through(self, conversation: str, turn: int) -> None:
        """The person saw all up to `turn` in another way: their page asked for what it missed."""
        table = schema.outbox
        seen = and_(table.c.conversation == conversation, table.c.turn <= turn, schema.waiting)
        settling = update(table).where(seen).values(delivered=True, settled_at=now())
        await self._database.write(lambda c: c.execute(settling).rowcount)

    async def _update(self, parcel: Parcel, **values: Any) -> None:
        """Change the parcel's row, unless it is settled or another sender has taken it over."""
        table = schema.outbox
        leased = and_(table.c.id == parcel.id, table.c.attempts == parcel.attempts, schema.waiting)
        await self._database.write(lambda c: c.execute(update(table).where(leased).values(values)).rowcount)


def _is_behind_another() -> ColumnElement[bool]:
    earlier = schema.outbox.alias("earlier")
    return exists().where(
        earlier.c.conversation == schema.outbox.c.conversation,
        earlier.c.turn < schema.outbox.c.turn,
        earlier.c.settled_at.is_(None),
    )
