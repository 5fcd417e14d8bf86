"""The conversations themselves: opened, found, passed between the bot and humans, with language, state and consent."""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, bindparam, insert, select, update

from dialogue.conversation import Address, Conversation, Mode
from dialogue.errors import StateChanged, UnknownConversation
from dialogue.store import schema
from dialogue.store.database import Database, now
from dialogue.store.records import conversation_from

HOME = schema.conversation

AT_ADDRESS = and_(HOME.c.channel == bindparam("medium"), HOME.c.account == bindparam("whose"))
CURRENT = select(HOME).where(AT_ADDRESS, HOME.c.current)
RETIRE_CURRENT = (
    update(HOME).where(AT_ADDRESS, HOME.c.current).values(current=False).returning(HOME.c.consent)
)
INSERT = insert(HOME).returning(HOME)


class Conversations:
    """`store.conversations`. Every method raises StoreUnavailable when the database cannot do its work."""

    def __init__(self, database: Database, *, consent: bool = False) -> None:
        """consent: that of a conversation before which there was none at its address."""
        self._database = database
        self._consent = consent

    async def start(self, address: Address, language: str | None = None) -> Conversation:
        """Open a conversation, from now on the current one of `address`. It inherits consent from the one before."""

        def replace(connection: Connection) -> Conversation:
            former = connection.execute(RETIRE_CURRENT, at(address)).scalar_one_or_none()
            consent = self._consent if former is None else former
            row = insert_conversation(connection, address, language, last_turn=0, consent=consent)
            return conversation_from(row)

        return await self._database.write(replace)

    async def current(self, address: Address) -> Conversation | None:
        """The conversation that a message from `address` would join, if there is one."""
        row = await self._database.read(lambda c: c.execute(CURRENT, at(address)).mappings().one_or_none())
        return conversation_from(row) if row else None

    async def get(self, conversation: str) -> Conversation:
        """Raises UnknownConversation."""
        named = select(HOME).where(HOME.c.id == conversation)
        row = await self._database.read(lambda c: c.execute(named).mappings().one_or_none())
        return _known(row, conversation)

    async def walk(self, limit: int, after: str = "") -> list[Conversation]:
        """The first `limit` conversations with an id above `after`: all of them once, while they go on."""
        query = select(HOME).where(HOME.c.id > after).order_by(HOME.c.id).limit(limit)
        rows = await self._database.read(lambda c: c.execute(query).mappings().all())
        return [conversation_from(row) for row in rows]

    async def set_mode(self, conversation: str, mode: Mode) -> Conversation:
        """Say who answers from now on. Raises UnknownConversation.

        When it is not the bot, the turns that wait go to the human and a worker at an answer loses its claim.
        """
        row = await self._database.write(lambda c: change_mode(c, conversation, mode))
        return _known(row, conversation)

    async def set_language(self, conversation: str, language: str | None) -> Conversation:
        """The language (BCP 47) that the conversation is held in. Raises UnknownConversation."""
        row = await self._database.write(lambda c: _changed(c, conversation, language=language))
        return _known(row, conversation)

    async def set_state(self, conversation: str, state: Mapping[str, Any], version: int) -> Conversation:
        """Replace the state (small JSON) that was read at `version`.

        Raises StateChanged if it has changed since, UnknownConversation.
        """
        unchanged = HOME.c.state_version == version
        fresh = {"state": dict(state), "state_version": version + 1}
        row = await self._database.write(lambda c: _changed(c, conversation, unchanged, **fresh))
        if row is None:
            await self.get(conversation)
            raise StateChanged(conversation, version)
        return conversation_from(row)

    async def set_consent(self, conversation: str, consent: bool) -> Conversation:
        """Whether the words of this conversation may be trained on. Raises UnknownConversation."""
        row = await self._database.write(lambda c: _changed(c, conversation, consent=consent))
        return _known(row, conversation)

    async def set_consent_at(self, address: Address, consent: bool) -> None:
        """A yes holds for the current conversation of `address` and later ones, a no for earlier ones too."""
        there = (HOME.c.channel == address.channel, HOME.c.account == address.account)
        meant = there if not consent else (*there, HOME.c.current)
        change = update(HOME).where(*meant).values(consent=consent, updated_at=now())
        await self._database.write(lambda c: c.execute(change).rowcount)


def at(address: Address) -> dict[str, Any]:
    """What AT_ADDRESS asks for."""
    return {"medium": address.channel, "whose": address.account}


def insert_conversation(
    connection: Connection, address: Address, language: str | None, *, last_turn: int, consent: bool
) -> RowMapping:
    """The row of a new conversation, the current one of its address."""
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
    return connection.execute(INSERT, home).mappings().one()


def change_mode(connection: Connection, conversation: str, mode: Mode) -> RowMapping | None:
    """The conversation's row in its new mode, inside a transaction; None if there is no such conversation."""
    taken = {} if mode is Mode.BOT else {"claim_fence": HOME.c.claim_fence + 1, "claim_until": None}
    row = _changed(connection, conversation, mode=mode, **taken)
    if mode is not Mode.BOT:
        _leave_to_human(connection, conversation)
    return row


def _leave_to_human(connection: Connection, conversation: str) -> None:
    turn = schema.turn
    waiting = update(turn).where(turn.c.conversation == conversation, turn.c.pending)
    connection.execute(waiting.values(pending=False))


def _changed(
    connection: Connection, conversation: str, *conditions: ColumnElement[bool], **values: Any
) -> RowMapping | None:
    """The conversation's row with its new `values`, or None if there is none that meets the conditions."""
    change = update(HOME).where(HOME.c.id == conversation, *conditions).values(updated_at=now(), **values)
    return connection.execute(change.returning(HOME)).mappings().one_or_none()


def _known(row: RowMapping | None, conversation: str) -> Conversation:
    if row is None:
        raise UnknownConversation(conversation)
    return conversation_from(row)
