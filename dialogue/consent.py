"""Whether the bot may learn from what people say: a choice for an address, which they may change at any time.

Knows nothing of what is learnt, nor in which words anybody is asked.
"""

from sqlalchemy import update

from dialogue import schema
from dialogue.conversation import Address, Conversation
from dialogue.database import Database, now
from dialogue.errors import UnknownConversation
from dialogue.records import conversation_from

HOME = schema.conversation


class Consents:
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
