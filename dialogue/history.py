"""What was said: windows over the turns of a conversation, read by index whatever its length (I6)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, bindparam, select

from dialogue import schema
from dialogue.conversation import Passage, Turn
from dialogue.database import Database
from dialogue.errors import UnknownTurn
from dialogue.records import turn_from

TURN, HIT, PASSAGE = schema.turn, schema.hit, schema.passage

OF_HOME = select(TURN).where(TURN.c.conversation == bindparam("home"))
BEFORE = (
    OF_HOME.where(TURN.c.asked < bindparam("before"))
    .order_by(TURN.c.asked.desc(), TURN.c.number.desc())
    .limit(bindparam("most"))
)
AFTER = OF_HOME.where(TURN.c.number > bindparam("after")).order_by(TURN.c.number).limit(bindparam("most"))
ONE = OF_HOME.where(TURN.c.number == bindparam("numbered"))
SHOWN = (
    select(HIT.c.n, HIT.c.score, HIT.c.chunk, PASSAGE.c.title, PASSAGE.c.source, PASSAGE.c.text)
    .join(PASSAGE, HIT.c.passage == PASSAGE.c.digest)
    .where(HIT.c.conversation == bindparam("home"), HIT.c.chunk == bindparam("shown"))
    .order_by(HIT.c.turn.desc())
    .limit(1)
)


class History:
    """The part of the store that reads turns back."""

    _database: Database

    async def history(self, conversation: str, before: int, limit: int) -> list[Turn]:
        """The last `limit` turns before the user turn `before`, oldest first, each answer after its question.

        If turns 1 and 2 were asked at once and answered as 3 and 4, the history of turn 2 is 1, 3.
        """
        window = {"home": conversation, "before": before, "most": limit}
        return (await self._turns(BEFORE, window))[::-1]

    async def turns(self, conversation: str, after: int, limit: int) -> list[Turn]:
        """The first `limit` turns whose number is above `after`, in the order of their numbers."""
        return await self._turns(AFTER, {"home": conversation, "after": after, "most": limit})

    async def turn(self, conversation: str, number: int) -> Turn:
        """Raises UnknownTurn."""
        found = await self._turns(ONE, {"home": conversation, "numbered": number})
        if not found:
            raise UnknownTurn(conversation, number)
        return found[0]

    async def passage(self, conversation: str, chunk: str) -> Passage | None:
        """The passage as this conversation was last shown it, even if the documents have changed since."""
        shown = {"home": conversation, "shown": chunk}
        row = await self._database.read(lambda c: c.execute(SHOWN, shown).mappings().one_or_none())
        return Passage(**row) if row else None

    async def _turns(self, query: Select[*tuple[object, ...]], window: Mapping[str, Any]) -> list[Turn]:
        rows = await self._database.read(lambda c: c.execute(query, window).mappings().all())
        return [turn_from(row) for row in rows]
