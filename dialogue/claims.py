"""Who answers: one worker at a time holds a conversation and takes its waiting turns in order (I3).

A claim is a lease with a fencing number. A worker that stalls past its lease may be overtaken; whatever it
does then compares its number and fails, so that it needs no other stop.
"""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update

from dialogue import schema
from dialogue.conversation import Claim, Mode, Turn
from dialogue.database import Database, now
from dialogue.errors import ClaimLost
from dialogue.records import turn_from


class Claims:
    """The part of the store that hands conversations to workers."""

    _database: Database

    async def claim(self, conversation: str, owner: str, seconds: float) -> Claim | None:
        """Take the conversation for `seconds`; None while another claim lives, or if there is none such."""
        table = schema.conversation
        taking = (
            update(table)
            .where(table.c.id == conversation, _free())
            .values(
                claim_owner=owner,
                claim_fence=table.c.claim_fence + 1,
                claim_until=now() + timedelta(seconds=seconds),
            )
            .returning(table.c.claim_fence)
        )
        fence = await self._database.write(lambda c: c.execute(taking).scalar_one_or_none())
        return None if fence is None else Claim(conversation, owner, fence)

    async def renew(self, claim: Claim, seconds: float) -> None:
        """Let the claim live for `seconds` from now. Raises ClaimLost if another worker took it."""
        until = now() + timedelta(seconds=seconds)
        renewal = update(schema.conversation).where(holds(claim)).values(claim_until=until)
        if not await self._database.write(lambda c: c.execute(renewal).rowcount):
            raise ClaimLost(claim.conversation, claim.fence)

    async def release(self, claim: Claim) -> None:
        """Give the conversation back at once; nothing happens if the claim is lost already."""
        leaving = update(schema.conversation).where(holds(claim)).values(claim_owner=None, claim_until=None)
        await self._database.write(lambda c: c.execute(leaving).rowcount)

    async def unclaimed(self, limit: int, channels: Collection[str] | None = None) -> list[str]:
        """Conversations in which a turn waits for the bot and nobody is at work, longest waiting first.

        `channels` are those that the caller can answer on; None means all.
        """
        home, turn = schema.conversation, schema.turn
        abandoned = (
            select(turn.c.conversation)
            .join(home, home.c.id == turn.c.conversation)
            .where(turn.c.pending, home.c.mode == Mode.BOT, _free())
            .group_by(turn.c.conversation)
            .order_by(func.min(turn.c.created_at))
            .limit(limit)
        )
        if channels is not None:
            abandoned = abandoned.where(home.c.channel.in_(channels))
        return await self._database.read(lambda c: list(c.execute(abandoned).scalars()))

    async def next_pending(self, conversation: str) -> Turn | None:
        """The oldest turn that waits for the bot's answer."""
        turn = schema.turn
        oldest = (
            select(turn)
            .where(turn.c.conversation == conversation, turn.c.pending)
            .order_by(turn.c.number)
            .limit(1)
        )
        row = await self._database.read(lambda c: c.execute(oldest).mappings().one_or_none())
        return turn_from(row) if row else None

    async def begin(self, claim: Claim, turn: Turn) -> Turn:
        """Count one more attempt at `turn` before it is made, for an attempt may kill the process.

        Raises ClaimLost.
        """
        table = schema.turn
        attempt = (
            update(table)
            .where(waits(turn), exists().where(holds(claim)))
            .values(attempts=table.c.attempts + 1)
            .returning(table)
        )
        row = await self._database.write(lambda c: c.execute(attempt).mappings().one_or_none())
        if row is None:
            raise ClaimLost(claim.conversation, claim.fence)
        return turn_from(row)


def holds(claim: Claim) -> ColumnElement[bool]:
    """Whether nobody has claimed the conversation since; an expired claim that nobody took still holds."""
    home = schema.conversation.c
    return and_(home.id == claim.conversation, home.claim_fence == claim.fence)


def waits(turn: Turn) -> ColumnElement[bool]:
    """Whether this turn still waits for the bot's answer."""
    table = schema.turn.c
    return and_(table.conversation == turn.conversation, table.number == turn.number, table.pending)


def _free() -> ColumnElement[bool]:
    until = schema.conversation.c.claim_until
    return or_(until.is_(None), until <= now())
