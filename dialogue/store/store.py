"""The conversation store: everything that was said, by whom, on what grounds, and whether it arrived.

Composed of named parts, one file each. Here: opening the database, and nothing else. `docs/conversation-state.md` says
what always holds.
"""

from types import TracebackType
from typing import Self

from sqlalchemy import text

from dialogue.store.claims import Claims
from dialogue.store.conversations import Conversations
from dialogue.store.database import Database
from dialogue.store.erasure import ErasureOperations
from dialogue.store.feedback import FeedbackEntries
from dialogue.store.migrations import check
from dialogue.store.operators import OperatorQueries
from dialogue.store.outbox import Outbox
from dialogue.store.turns import Turns


class Store:
    """One database, opened. Any number of processes may hold a store over the same one.

    turns: messages in, answers committed, history. conversations: mode, language, state, consent. claims: which worker
    answers a conversation. outbox: what is to be delivered. feedback: ratings. operators: lists for a support desk, and
    a human's messages. erasure: forgetting a person. Every method of every part raises StoreUnavailable when the
    database cannot do its work.
    """

    def __init__(self, database: Database, *, consent: bool = False) -> None:
        self.database = database
        """For what else is kept there, such as releases."""
        self.turns = Turns(database, consent=consent)
        self.conversations = Conversations(database, consent=consent)
        self.claims = Claims(database)
        self.outbox = Outbox(database)
        self.feedback = FeedbackEntries(database)
        self.operators = OperatorQueries(database)
        self.erasure = ErasureOperations(database)

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

    async def close(self) -> None:
        await self.database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def ping(self) -> None:
        """Return if the database answers; raises StoreUnavailable."""
        await self.database.read(lambda c: c.execute(text("SELECT 1")).scalar_one())
