"""The conversations themselves: starting and finding them, and their mode, language, state and consent."""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, bindparam, insert, select, update

from dialogue.conversation import Address, Conversation, Mode
from dialogue.errors import StateChanged, UnknownConversation
from dialogue.store import schema
from dialogue.store.database import Database, now
from dialogue.store.records import conversation_from

CONVERSATION = schema.conversation

AT_ADDRESS = and_(
    CONVERSATION.c.channel == bindparam("channel_name"), CONVERSATION.c.account == bindparam("account_name")
)
CURRENT = select(CONVERSATION).where(AT_ADDRESS, CONVERSATION.c.current)
RETIRE_CURRENT = (
    update(CONVERSATION)
    .where(AT_ADDRESS, CONVERSATION.c.current)
    .values(current=False)
    .returning(CONVERSATION.c.consent)
)
INSERT = insert(CONVERSATION).returning(CONVERSATION)


class Conversations:
    """`store.conversations`. Every method raises StoreUnavailable if the database fails."""

    def __init__(self, database: Database, *, consent: bool = False) -> None:
        """consent: whether the first conversation of an address starts with consent to training."""
        self._database = database
        self._consent = consent

    async def start(self, address: Address, language: str | None = None) -> Conversation:
        """Start a conversation and make it the current one of `address`. It inherits the consent of the one before."""

        def replace(connection: Connection) -> Conversation:
            previous_consent = connection.execute(
                RETIRE_CURRENT, address_parameters(address)
            ).scalar_one_or_none()
            consent = self._consent if previous_consent is None else previous_consent
            row = insert_conversation(connection, address, language, last_turn=0, consent=consent)
            return conversation_from(row)

        return await self._database.write(replace)

    async def current(self, address: Address) -> Conversation | None:
        """The conversation that a message from `address` would join, if any."""
        row = await self._database.read(
            lambda c: c.execute(CURRENT, address_parameters(address)).mappings().one_or_none()
        )
        return conversation_from(row) if row else None

    async def at_address(self, address: Address, limit: int = 100) -> list[Conversation]:
        """The conversations of `address`, the most recently active one first."""
        newest = (CONVERSATION.c.updated_at.desc(), CONVERSATION.c.id)
        query = select(CONVERSATION).where(AT_ADDRESS).order_by(*newest).limit(limit)
        rows = await self._database.read(
            lambda c: c.execute(query, address_parameters(address)).mappings().all()
        )
        return [conversation_from(row) for row in rows]

    async def get(self, conversation: str) -> Conversation:
        """Raises UnknownConversation."""
        query = select(CONVERSATION).where(CONVERSATION.c.id == conversation)
        row = await self._database.read(lambda c: c.execute(query).mappings().one_or_none())
        return _existing(row, conversation)

    async def walk(self, limit: int, after: str = "") -> list[Conversation]:
        """One page of all conversations, ordered by id: up to `limit` of them with an id above `after`."""
        query = select(CONVERSATION).where(CONVERSATION.c.id > after).order_by(CONVERSATION.c.id).limit(limit)
        rows = await self._database.read(lambda c: c.execute(query).mappings().all())
        return [conversation_from(row) for row in rows]

    async def set_mode(self, conversation: str, mode: Mode) -> Conversation:
        """Set who answers from now on. Raises UnknownConversation.

        In any mode but `bot`, pending turns are left to the human, and a worker that is answering loses its claim.
        """
        row = await self._database.write(lambda c: change_mode(c, conversation, mode))
        return _existing(row, conversation)

    async def set_language(self, conversation: str, language: str | None) -> Conversation:
        """Set the language (BCP 47) of the conversation. Raises UnknownConversation."""
        row = await self._database.write(lambda c: _update(c, conversation, language=language))
        return _existing(row, conversation)

    async def set_state(self, conversation: str, state: Mapping[str, Any], version: int) -> Conversation:
        """Replace the state (a small JSON object) that was read at `version`.

        Raises StateChanged if it has changed since then, UnknownConversation.
        """
        unchanged = CONVERSATION.c.state_version == version
        values = {"state": dict(state), "state_version": version + 1}
        row = await self._database.write(lambda c: _update(c, conversation, unchanged, **values))
        if row is None:
            await self.get(conversation)
            raise StateChanged(conversation, version)
        return conversation_from(row)

    async def set_consent(self, conversation: str, consent: bool) -> Conversation:
        """Set whether this conversation may be used for training. Raises UnknownConversation."""
        row = await self._database.write(lambda c: _update(c, conversation, consent=consent))
        return _existing(row, conversation)

    async def set_consent_at(self, address: Address, consent: bool) -> None:
        """Giving consent covers the current conversation and later ones; withdrawing it covers earlier ones too."""
        at_address = (CONVERSATION.c.channel == address.channel, CONVERSATION.c.account == address.account)
        affected = (*at_address, CONVERSATION.c.current) if consent else at_address
        change = update(CONVERSATION).where(*affected).values(consent=consent, updated_at=now())
        await self._database.write(lambda c: c.execute(change).rowcount)


def address_parameters(address: Address) -> dict[str, Any]:
    """The bind parameters of AT_ADDRESS."""
    return {"channel_name": address.channel, "account_name": address.account}


def insert_conversation(
    connection: Connection, address: Address, language: str | None, *, last_turn: int, consent: bool
) -> RowMapping:
    """Insert a conversation as the current one of its address, inside a transaction, and return its row."""
    moment = now()
    row = {
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
    return connection.execute(INSERT, row).mappings().one()


def change_mode(connection: Connection, conversation: str, mode: Mode) -> RowMapping | None:
    """Change the mode inside a transaction; the new row, or None if there is no such conversation."""
    invalidated = (
        {} if mode is Mode.BOT else {"claim_fence": CONVERSATION.c.claim_fence + 1, "claim_until": None}
    )
    row = _update(connection, conversation, mode=mode, **invalidated)
    if mode is not Mode.BOT:
        _clear_pending_turns(connection, conversation)
    return row


def _clear_pending_turns(connection: Connection, conversation: str) -> None:
    turn = schema.turn
    pending = update(turn).where(turn.c.conversation == conversation, turn.c.pending)
    connection.execute(pending.values(pending=False))


def _update(
    connection: Connection, conversation: str, *conditions: ColumnElement[bool], **values: Any
) -> RowMapping | None:
    """Set `values`; the new row, or None if no row meets the conditions."""
    change = (
        update(CONVERSATION)
        .where(CONVERSATION.c.id == conversation, *conditions)
        .values(updated_at=now(), **values)
    )
    return connection.execute(change.returning(CONVERSATION)).mappings().one_or_none()


def _existing(row: RowMapping | None, conversation: str) -> Conversation:
    if row is None:
        raise UnknownConversation(conversation)
    return conversation_from(row)
