"""What comes in: conversations are opened, and each message is stored once, in order.

Knows nothing of who will answer.
"""

import secrets
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, insert, select, update

from dialogue import schema
from dialogue.conversation import Address, Conversation, Mode, Receipt, Role, Utterance
from dialogue.database import Database, now
from dialogue.errors import ConversationClosed, UnknownConversation
from dialogue.records import conversation_from, turn_from


class Inbox:
    """The part of the store that takes messages in (I1, I2)."""

    _database: Database

    async def accept(self, utterance: Utterance, conversation: str | None = None) -> Receipt:
        """Store what a person said as the next turn of `conversation`, or of the address's current one.

        The same external id again finds the turn that is there. In mode `human` the turn waits for no bot.
        Raises UnknownConversation (also when it is at another address), ConversationClosed, StoreUnavailable.
        """

        def store(connection: Connection) -> Receipt:
            found = _duplicate(connection, utterance)
            return found or _append(connection, utterance, conversation)

        return await self._database.write(store)

    async def start(self, address: Address, language: str | None = None) -> Conversation:
        """Open a conversation, from now on the current one of `address`. Raises StoreUnavailable."""

        def replace(connection: Connection) -> Conversation:
            connection.execute(update(schema.conversation).where(_is_current(address)).values(current=False))
            return conversation_from(_open(connection, address, language, last_turn=0))

        return await self._database.write(replace)

    async def current(self, address: Address) -> Conversation | None:
        """The conversation that a message from `address` would join, if there is one."""
        current = select(schema.conversation).where(_is_current(address))
        row = await self._database.read(lambda c: c.execute(current).mappings().one_or_none())
        return conversation_from(row) if row else None


def _duplicate(connection: Connection, utterance: Utterance) -> Receipt | None:
    turn = schema.turn.c
    rows = connection.execute(
        select(schema.turn).where(
            turn.channel == utterance.address.channel,
            turn.account == utterance.address.account,
            turn.external_id == utterance.external_id,
        )
    )
    row = rows.mappings().one_or_none()
    if row is None:
        return None
    home = connection.execute(
        select(schema.conversation).where(schema.conversation.c.id == row["conversation"])
    )
    return Receipt(conversation_from(home.mappings().one()), turn_from(row), duplicate=True)


def _append(connection: Connection, utterance: Utterance, conversation: str | None) -> Receipt:
    home = _numbered(connection, utterance, conversation)
    if home["mode"] == Mode.CLOSED:
        raise ConversationClosed(home["id"])
    rows = connection.execute(insert(schema.turn).values(_user_turn(utterance, home)).returning(schema.turn))
    return Receipt(conversation_from(home), turn_from(rows.mappings().one()), duplicate=False)


def _numbered(connection: Connection, utterance: Utterance, conversation: str | None) -> RowMapping:
    """The conversation's row, locked until the end of the transaction, with `last_turn` for the new turn."""
    table, address = schema.conversation, utterance.address
    at_address = and_(table.c.channel == address.channel, table.c.account == address.account)
    named = _is_current(address) if conversation is None else and_(table.c.id == conversation, at_address)
    rows = connection.execute(
        update(table).where(named).values(last_turn=table.c.last_turn + 1, updated_at=now()).returning(table)
    )
    row: RowMapping | None = rows.mappings().one_or_none()
    if row is None and conversation is not None:
        raise UnknownConversation(conversation)
    return row or _open(connection, address, utterance.language, last_turn=1)


def _open(connection: Connection, address: Address, language: str | None, last_turn: int) -> RowMapping:
    moment = now()
    rows = connection.execute(
        insert(schema.conversation)
        .values(
            id=secrets.token_urlsafe(16),
            channel=address.channel,
            account=address.account,
            current=True,
            language=language,
            mode=Mode.BOT,
            consent=False,
            state={},
            state_version=0,
            last_turn=last_turn,
            claim_fence=0,
            created_at=moment,
            updated_at=moment,
        )
        .returning(schema.conversation)
    )
    opened: RowMapping = rows.mappings().one()
    return opened


def _is_current(address: Address) -> ColumnElement[bool]:
    table = schema.conversation.c
    return and_(table.channel == address.channel, table.account == address.account, table.current)


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
