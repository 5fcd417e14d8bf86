"""Who answers: one worker at a time holds a conversation and takes its waiting turns in order (I3).

A claim is a lease with a fencing number. A worker that stalls past its lease may be overtaken; whatever it
does then compares its number and fails, so that it needs no other stop.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, or_, select, update

from dialogue.conversation import Claim, Mode, Turn
from dialogue.errors import ClaimLost
from dialogue.store import schema
from dialogue.store.database import Database, now
from dialogue.store.records import turn_from

HOME, TURN = schema.conversation, schema.turn

HOLDS = and_(HOME.c.id == bindparam("home"), HOME.c.claim_fence == bindparam("fence"))
"""Whether nobody has claimed the conversation since; an expired claim that nobody took still holds."""
WAITS = and_(TURN.c.conversation == bindparam("home"), TURN.c.number == bindparam("question"), TURN.c.pending)
"""Whether this turn still waits for the bot's answer."""
FREE = or_(HOME.c.claim_until.is_(None), HOME.c.claim_until <= bindparam("moment"))

TAKE = (
    update(HOME)
    .where(HOME.c.id == bindparam("home"), FREE)
    .values(
        claim_owner=bindparam("owner"),
        claim_fence=HOME.c.claim_fence + 1,
        claim_until=bindparam("until"),
    )
    .returning(HOME.c.claim_fence)
)
RENEW = update(HOME).where(HOLDS).values(claim_until=bindparam("until"))
RELEASE = update(HOME).where(HOLDS).values(claim_owner=None, claim_until=None)
LEFT_ALONE = (
    select(TURN.c.conversation)
    .join(HOME, HOME.c.id == TURN.c.conversation)
    .where(TURN.c.pending, HOME.c.mode == Mode.BOT, FREE)
    .group_by(TURN.c.conversation)
    .order_by(func.min(TURN.c.created_at))
)
OLDEST = (
    select(TURN)
    .where(TURN.c.conversation == bindparam("home"), TURN.c.pending)
    .order_by(TURN.c.number)
    .limit(1)
)
ATTEMPT = (
    update(TURN).where(WAITS, exists().where(HOLDS)).values(attempts=TURN.c.attempts + 1).returning(TURN)
)


class Claims:
    """The part of the store that hands conversations to workers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, conversation: str, owner: str, seconds: float) -> Claim | None:
        """Take the conversation for `seconds`; None while another claim lives, or if there is none such."""
        moment = now()
        until = moment + timedelta(seconds=seconds)
        taking = {"home": conversation, "owner": owner, "moment": moment, "until": until}
        fence = await self._database.write(
            lambda c: c.execute(TAKE, taking).scalar_one_or_none(), durable=False
        )
        return None if fence is None else Claim(conversation, owner, fence)

    async def renew(self, claim: Claim, seconds: float) -> None:
        """Let the claim live for `seconds` from now. Raises ClaimLost if another worker took it."""
        renewal = held_by(claim) | {"until": now() + timedelta(seconds=seconds)}
        if not await self._database.write(lambda c: c.execute(RENEW, renewal).rowcount, durable=False):
            raise ClaimLost(claim.conversation, claim.fence)

    async def release(self, claim: Claim) -> None:
        """Give the conversation back at once; nothing happens if the claim is lost already."""
        await self._database.write(lambda c: c.execute(RELEASE, held_by(claim)).rowcount, durable=False)

    async def unclaimed(self, limit: int, channels: Collection[str] | None = None) -> list[str]:
        """Conversations in which a turn waits for the bot and nobody is at work, longest waiting first.

        `channels` are those that the caller can answer on; None means all.
        """
        alone = LEFT_ALONE.limit(limit)
        if channels is not None:
            alone = alone.where(HOME.c.channel.in_(channels))
        return await self._database.read(lambda c: list(c.execute(alone, {"moment": now()}).scalars()))

    async def next_pending(self, conversation: str) -> Turn | None:
        """The oldest turn that waits for the bot's answer."""
        home = {"home": conversation}
        row = await self._database.read(lambda c: c.execute(OLDEST, home).mappings().one_or_none())
        return turn_from(row) if row else None

    async def begin(self, claim: Claim, turn: Turn) -> Turn:
        """Count one more attempt at `turn` before it is made, for an attempt may kill the process.

        Raises ClaimLost.
        """
        attempt = held_by(claim) | {"question": turn.number}
        row = await self._database.write(
            lambda c: c.execute(ATTEMPT, attempt).mappings().one_or_none(), durable=False
        )
        if row is None:
            raise ClaimLost(claim.conversation, claim.fence)
        return turn_from(row)


def held_by(claim: Claim) -> dict[str, Any]:
    """What HOLDS asks for."""
    return {"home": claim.conversation, "fence": claim.fence}
