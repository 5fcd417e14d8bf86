"""Passing a conversation between the bot and humans, inside whatever transaction calls for it."""

from sqlalchemy import Connection, RowMapping, update

from dialogue.conversation import Address, Conversation, Mode
from dialogue.errors import UnknownConversation
from dialogue.store import schema
from dialogue.store.database import Database, now
from dialogue.store.records import conversation_from


def change_mode(connection: Connection, conversation: str, mode: Mode) -> RowMapping | None:
    """The conversation's row in its new mode; None if there is no such conversation.

    When it is not the bot's, the turns that wait go to the human and a worker at an answer loses its claim.
    """
    home = schema.conversation
    taken = {} if mode is Mode.BOT else {"claim_fence": home.c.claim_fence + 1, "claim_until": None}
    change = update(home).where(home.c.id == conversation).values(mode=mode, updated_at=now(), **taken)
    row = connection.execute(change.returning(home)).mappings().one_or_none()
    if mode is not Mode.BOT:
        _leave_to_human(connection, conversation)
    return row


def _leave_to_human(connection: Connection, conversation: str) -> None:
    turn = schema.turn
    waiting = update(turn).where(turn.c.conversation == conversation, turn.c.pending)
    connection.execute(waiting.values(pending=False))


HOME = schema.conversation


class Conversations:
    """The part of the store that keeps consent. A new conversation at an address has that of the one before."""

    _database: Database

    async def set_consent(self, conversation: str, consent: bool) -> Conversation:
        """Whether the words of this conversation may be trained on. Raises UnknownConversation."""
        named = HOME.c.id == conversation
        change = update(HOME).where(named).values(consent=consent, updated_at=now()).returning(HOME)
        row = await self._database.write(lambda c: c.execute(change).mappings().one_or_none())
        if row is None:
            raise UnknownConversation(conversation)
        return conversation_from(row)

    async def set_consent_at(self, address: Address, consent: bool) -> None:
        """A yes holds for the current conversation of `address` and later ones, a no for earlier ones too.

        Raises StoreUnavailable.
        """
        there = (HOME.c.channel == address.channel, HOME.c.account == address.account)
        meant = there if not consent else (*there, HOME.c.current)
        change = update(HOME).where(*meant).values(consent=consent, updated_at=now())
        await self._database.write(lambda c: c.execute(change).rowcount)
