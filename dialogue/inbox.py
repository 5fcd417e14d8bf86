"""What comes in: conversations are opened, and each message is stored once, in order.

Knows nothing of who will answer.
"""

import secrets
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, insert, select, update

from dialogue import schema
from dialogue.conversation import Address, Conversation, Mode, Receipt, Role, Utterance
from dialogue.database import Database, now
from dialogue.errors import ConversationClosed, UnknownConversation
from dialogue.records import conversation_from, turn_from

HOME, TURN = schema.conversation, schema.turn

AT_ADDRESS = and_(HOME.c.channel == bindparam("medium"), HOME.c.account == bindparam("whose"))
CURRENT = select(HOME).where(AT_ADDRESS, HOME.c.current)
STEP_ASIDE = update(HOME).where(AT_ADDRESS, HOME.c.current).values(current=False).returning(HOME.c.consent)
OPEN = insert(HOME).returning(HOME)
NUMBER = (
    update(HOME)
    .where(AT_ADDRESS)
    .values(last_turn=HOME.c.last_turn + 1, updated_at=bindparam("moment"))
    .returning(HOME)
)
NUMBER_CURRENT = NUMBER.where(HOME.c.current)
NUMBER_NAMED = NUMBER.where(HOME.c.id == bindparam("home"))
HEARD = select(TURN).where(
    TURN.c.channel == bindparam("medium"),
    TURN.c.account == bindparam("whose"),
    TURN.c.external_id == bindparam("message"),
)
HEARD_IN = select(HOME).where(HOME.c.id == bindparam("home"))
SAY = insert(TURN).returning(TURN)


class Inbox:
    """The part of the store that takes messages in (I1, I2)."""

    _database: Database
    _consent: bool
    """Of a conversation before which there was none at its address."""

    async def accept(self, utterance: Utterance, conversation: str | None = None) -> Receipt:
        """Store what a person said as the next turn of `conversation`, or of the address's current one.

        The same external id again finds the turn that is there. In mode `human` the turn waits for no bot.
        Raises UnknownConversation (also when it is at another address), ConversationClosed, StoreUnavailable.
        """

        def store(connection: Connection) -> Receipt:
            found = _duplicate(connection, utterance)
            return found or _append(connection, utterance, conversation, self._consent)

        return await self._database.write(store)

    async def start(self, address: Address, language: str | None = None) -> Conversation:
        """Open a conversation, from now on the current one of `address`. Raises StoreUnavailable."""

        def replace(connection: Connection) -> Conversation:
            former = connection.execute(STEP_ASIDE, _at(address)).scalar_one_or_none()
            consent = self._consent if former is None else former
            return conversation_from(_open(connection, address, language, last_turn=0, consent=consent))

        return await self._database.write(replace)

    async def current(self, address: Address) -> Conversation | None:
        """The conversation that a message from `address` would join, if there is one."""
        row = await self._database.read(lambda c: c.execute(CURRENT, _at(address)).mappings().one_or_none())
        return conversation_from(row) if row else None


def _duplicate(connection: Connection, utterance: Utterance) -> Receipt | None:
    message = _at(utterance.address) | {"message": utterance.external_id}
    turn = connection.execute(HEARD, message).mappings().one_or_none()
    if turn is None:
        return None
    home = connection.execute(HEARD_IN, {"home": turn["conversation"]}).mappings().one()
    return Receipt(conversation_from(home), turn_from(turn), duplicate=True)


def _append(connection: Connection, utterance: Utterance, conversation: str | None, consent: bool) -> Receipt:
    home = _numbered(connection, utterance, conversation, consent)
    if home["mode"] == Mode.CLOSED:
        raise ConversationClosed(home["id"])
    turn = connection.execute(SAY, _user_turn(utterance, home)).mappings().one()
    return Receipt(conversation_from(home), turn_from(turn), duplicate=False)


def _numbered(
    connection: Connection, utterance: Utterance, conversation: str | None, consent: bool
) -> RowMapping:
    """The conversation's row, locked until the end of the transaction, with `last_turn` for the new turn."""
    named = _at(utterance.address) | {"moment": now(), "home": conversation}
    numbering = NUMBER_CURRENT if conversation is None else NUMBER_NAMED
    home = connection.execute(numbering, named).mappings().one_or_none()
    if home is None and conversation is not None:
        raise UnknownConversation(conversation)
    return home or _open(connection, utterance.address, utterance.language, last_turn=1, consent=consent)


def _open(
    connection: Connection, address: Address, language: str | None, *, last_turn: int, consent: bool
) -> RowMapping:
    moment = now()
    home = {
        "id": secrets.token_urlsafe(16),
        "channel": address.channel,
        "account": address.account,
        "current": True,
        "language": language,
        "mode": Mode.BOT,
        "consent": consent,
        "state": {},
        "state_version": 0,
        "last_turn": last_turn,
        "claim_fence": 0,
        "created_at": moment,
        "updated_at": moment,
    }
    return connection.execute(OPEN, home).mappings().one()


def _at(address: Address) -> dict[str, Any]:
    """What AT_ADDRESS asks for."""
    return {"medium": address.channel, "whose": address.account}


def _user_turn(utterance: Utterance, home: RowMapping) -> dict[str, Any]:
    return {
        "conversation": home["id"],
        "number": home["last_turn"],
        "role": Role.USER,
        "text": utterance.text,
        "channel": home["channel"],
        "account": home["account"],
        "external_id": utterance.external_id,
        "author": utterance.author,
        "language": utterance.language,
        "reference": utterance.reference,
        "pending": home["mode"] == Mode.BOT,
        "attempts": 0,
        "abstained": False,
        "failed": False,
        "created_at": now(),
    }
