"""Claims on conversations: one worker at a time answers a conversation, in the order of its turns (I3).

A claim is a lease with a fencing number. When a worker stalls past its lease, another may claim the conversation.
Every write compares the number, so a worker whose claim was taken over cannot change anything.
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

CONVERSATION, TURN = schema.conversation, schema.turn

CLAIM_IS_VALID = and_(
    CONVERSATION.c.id == bindparam("conversation_id"), CONVERSATION.c.claim_fence == bindparam("fence")
)
"""True until another worker claims the conversation: an expired claim stays valid while nobody takes it."""
TURN_IS_PENDING = and_(
    TURN.c.conversation == bindparam("conversation_id"),
    TURN.c.number == bindparam("turn_number"),
    TURN.c.pending,
)
"""True while the turn waits for the bot's answer."""
IS_UNCLAIMED = or_(CONVERSATION.c.claim_until.is_(None), CONVERSATION.c.claim_until <= bindparam("moment"))

TAKE_CLAIM = (
    update(CONVERSATION)
    .where(CONVERSATION.c.id == bindparam("conversation_id"), IS_UNCLAIMED)
    .values(
        claim_owner=bindparam("owner"),
        claim_fence=CONVERSATION.c.claim_fence + 1,
        claim_until=bindparam("until"),
    )
    .returning(CONVERSATION.c.claim_fence)
)
RENEW_CLAIM = update(CONVERSATION).where(CLAIM_IS_VALID).values(claim_until=bindparam("until"))
RELEASE_CLAIM = update(CONVERSATION).where(CLAIM_IS_VALID).values(claim_owner=None, claim_until=None)
UNCLAIMED_CONVERSATIONS = (
    select(TURN.c.conversation)
    .join(CONVERSATION, CONVERSATION.c.id == TURN.c.conversation)
    .where(TURN.c.pending, CONVERSATION.c.mode == Mode.BOT, IS_UNCLAIMED)
    .group_by(TURN.c.conversation)
    .order_by(func.min(TURN.c.created_at))
)
OLDEST_PENDING_TURN = (
    select(TURN)
    .where(TURN.c.conversation == bindparam("conversation_id"), TURN.c.pending)
    .order_by(TURN.c.number)
    .limit(1)
)
COUNT_ATTEMPT = (
    update(TURN)
    .where(TURN_IS_PENDING, exists().where(CLAIM_IS_VALID))
    .values(attempts=TURN.c.attempts + 1)
    .returning(TURN)
)


class Claims:
    """`store.claims`: hands conversations to workers. Every method raises StoreUnavailable if the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, conversation: str, owner: str, seconds: float) -> Claim | None:
        """Claim the conversation for `seconds`; None while another claim is live, or if it does not exist."""
        moment = now()
        until = moment + timedelta(seconds=seconds)
        parameters = {"conversation_id": conversation, "owner": owner, "moment": moment, "until": until}
        fence = await self._database.write(
            lambda c: c.execute(TAKE_CLAIM, parameters).scalar_one_or_none(), durable=False
        )
        return None if fence is None else Claim(conversation, owner, fence)

    async def renew(self, claim: Claim, seconds: float) -> None:
        """Extend the claim to `seconds` from now. Raises ClaimLost if another worker took it."""
        renewal = claim_parameters(claim) | {"until": now() + timedelta(seconds=seconds)}
        if not await self._database.write(lambda c: c.execute(RENEW_CLAIM, renewal).rowcount, durable=False):
            raise ClaimLost(claim.conversation, claim.fence)

    async def release(self, claim: Claim) -> None:
        """End the claim now. Does nothing if it was already lost."""
        await self._database.write(
            lambda c: c.execute(RELEASE_CLAIM, claim_parameters(claim)).rowcount, durable=False
        )

    async def unclaimed(self, limit: int, channels: Collection[str] | None = None) -> list[str]:
        """Conversations with a pending turn and no live claim, the longest waiting first.

        channels: the ones that the caller can answer on; None means all.
        """
        query = UNCLAIMED_CONVERSATIONS.limit(limit)
        if channels is not None:
            query = query.where(CONVERSATION.c.channel.in_(channels))
        return await self._database.read(lambda c: list(c.execute(query, {"moment": now()}).scalars()))

    async def next_pending(self, conversation: str) -> Turn | None:
        """The oldest turn that waits for the bot's answer, if any."""
        parameters = {"conversation_id": conversation}
        row = await self._database.read(
            lambda c: c.execute(OLDEST_PENDING_TURN, parameters).mappings().one_or_none()
        )
        return turn_from(row) if row else None

    async def begin(self, claim: Claim, turn: Turn) -> Turn:
        """Count one more attempt at `turn`. Call it before the attempt, which may crash the process.

        Raises ClaimLost.
        """
        parameters = claim_parameters(claim) | {"turn_number": turn.number}
        row = await self._database.write(
            lambda c: c.execute(COUNT_ATTEMPT, parameters).mappings().one_or_none(), durable=False
        )
        if row is None:
            raise ClaimLost(claim.conversation, claim.fence)
        return turn_from(row)


def claim_parameters(claim: Claim) -> dict[str, Any]:
    """The bind parameters of CLAIM_IS_VALID."""
    return {"conversation_id": claim.conversation, "fence": claim.fence}
