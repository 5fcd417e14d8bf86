"""The conversation store: everything that was said, by whom, on what grounds, and whether it arrived.

The sum of its parts, one file each: `inbox` takes messages in, `claims` hands conversations to workers,
`history` reads turns back, `replies` commits answers, `parcels` is the outbox, `feedback` keeps ratings, `consent` who
may be learnt from, `erasure` forgets, `desk` is where operators sit. Here: opening it, and what a conversation carries.
`docs/conversation-state.md` says what always holds.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, RowMapping, select, text, update

from dialogue.conversation import Conversation, Mode
from dialogue.errors import StateChanged, UnknownConversation
from dialogue.store import schema
from dialogue.store.claims import Claims
from dialogue.store.conversations import Conversations, change_mode
from dialogue.store.database import Database, now
from dialogue.store.erasure import ErasureOperations
from dialogue.store.feedback import FeedbackEntries
from dialogue.store.migrations import check
from dialogue.store.operators import OperatorQueries
from dialogue.store.outbox import Outbox
from dialogue.store.records import conversation_from
from dialogue.store.turns import History, Inbox, Replies


class Store(
    Inbox,
    Claims,
    History,
    Replies,
    Outbox,
    FeedbackEntries,
    Conversations,
    ErasureOperations,
    OperatorQueries,
):
    """One database, opened. Any number of processes may hold a store over the same one.

    Every method raises StoreUnavailable when the database cannot do its work.
    """

    def __init__(self, database: Database, *, consent: bool = False) -> None:
        self._database = database
        self._consent = consent

    @classmethod
    async def open(cls, url: str, *, consent: bool = False) -> Self:
        """The store at `url`: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.

        consent: that of conversations whose person has not chosen; True only where all agreed elsewhere.

        Raises StoreUnavailable if the database cannot be reached or its tables are not those of this version.
        """
        database = Database(url)
        try:
            await check(database)
        except BaseException:
            await database.close()
            raise
        return cls(database, consent=consent)

    @property
    def database(self) -> Database:
        """For what else is kept there, such as releases."""
        return self._database

    async def close(self) -> None:
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def ping(self) -> None:
        """Return if the database answers; raises StoreUnavailable."""
        await self._database.read(lambda c: c.execute(text("SELECT 1")).scalar_one())

    async def conversation(self, conversation: str) -> Conversation:
        """Raises UnknownConversation."""
        named = select(schema.conversation).where(schema.conversation.c.id == conversation)
        row = await self._database.read(lambda c: c.execute(named).mappings().one_or_none())
        return _known(row, conversation)

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
        unchanged = schema.conversation.c.state_version == version
        fresh = {"state": dict(state), "state_version": version + 1}
        row = await self._database.write(lambda c: _changed(c, conversation, unchanged, **fresh))
        if row is None:
            await self.conversation(conversation)
            raise StateChanged(conversation, version)
        return conversation_from(row)


def _changed(
    connection: Connection, conversation: str, *conditions: ColumnElement[bool], **values: Any
) -> RowMapping | None:
    """The conversation's row with its new `values`, or None if there is none that meets the conditions."""
    table = schema.conversation
    change = update(table).where(table.c.id == conversation, *conditions).values(updated_at=now(), **values)
    return connection.execute(change.returning(table)).mappings().one_or_none()


def _known(row: RowMapping | None, conversation: str) -> Conversation:
    if row is None:
        raise UnknownConversation(conversation)
    return conversation_from(row)
