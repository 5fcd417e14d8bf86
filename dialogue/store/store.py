"""The conversation store, composed of named parts with one file each.

This file opens and closes the database. `docs/conversation-state.md` lists the invariants.
"""

from types import TracebackType
from typing import Self

from sqlalchemy import text

from dialogue.store.claims import Claims
from dialogue.store.conversations import Conversations
from dialogue.store.database import Database
from dialogue.store.erasure import Erasure
from dialogue.store.feedback import Feedback
from dialogue.store.migrations import check
from dialogue.store.operators import OperatorQueries
from dialogue.store.outbox import Outbox
from dialogue.store.turns import Turns


class Store:
    """An open store. Any number of processes may open the same database.

    turns: accepting messages, committing answers, history. conversations: mode, language, state, consent. claims: which
    worker answers a conversation. outbox: messages to deliver. feedback: ratings. operators: lists for operators, and a
    human's messages. erasure: forgetting a person. Every method of every part raises StoreUnavailable if the database
    fails.
    """

    def __init__(self, database: Database, *, consent: bool = False) -> None:
        self.database = database
        """For other packages that keep tables in it, such as releases."""
        self.turns = Turns(database, consent=consent)
        self.conversations = Conversations(database, consent=consent)
        self.claims = Claims(database)
        self.outbox = Outbox(database)
        self.feedback = Feedback(database)
        self.operators = OperatorQueries(database)
        self.erasure = Erasure(database)

    @classmethod
    async def open(cls, url: str, *, consent: bool = False) -> Self:
        """Open the store at `url`: `sqlite:///path/to/file` or `postgresql://user:password@host/name`.

        consent: whether people who have not chosen consent to training; True only if all of them agreed elsewhere.

        Raises StoreUnavailable if the database cannot be reached or is not migrated to this version.
        """
        database = Database(url)
        try:
            await check(database)
        except BaseException:
            await database.close()
            raise
        return cls(database, consent=consent)

    async def close(self) -> None:
        await self.database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def ping(self) -> None:
        """Return if the database answers. Raises StoreUnavailable."""
        await self.database.read(lambda c: c.execute(text("SELECT 1")).scalar_one())
