"""What was said: windows over the turns of a conversation, read by index whatever its length (I6)."""

from sqlalchemy import Select, select

from dialogue import schema
from dialogue.conversation import Passage, Turn
from dialogue.database import Database
from dialogue.errors import UnknownTurn
from dialogue.records import turn_from


class History:
    """The part of the store that reads turns back."""

    _database: Database

    async def history(self, conversation: str, before: int, limit: int) -> list[Turn]:
        """The last `limit` turns before the user turn `before`, oldest first, each answer after its question.

        If turns 1 and 2 were asked at once and answered as 3 and 4, the history of turn 2 is 1, 3.
        """
        turn = schema.turn.c
        newest_first = (
            select(schema.turn)
            .where(turn.conversation == conversation, turn.asked < before)
            .order_by(turn.asked.desc(), turn.number.desc())
            .limit(limit)
        )
        return (await self._turns(newest_first))[::-1]

    async def turns(self, conversation: str, after: int, limit: int) -> list[Turn]:
        """The first `limit` turns whose number is above `after`, in the order of their numbers."""
        turn = schema.turn.c
        return await self._turns(
            select(schema.turn)
            .where(turn.conversation == conversation, turn.number > after)
            .order_by(turn.number)
            .limit(limit)
        )

    async def turn(self, conversation: str, number: int) -> Turn:
        """Raises UnknownTurn."""
        turn = schema.turn.c
        found = await self._turns(
            select(schema.turn).where(turn.conversation == conversation, turn.number == number)
        )
        if not found:
            raise UnknownTurn(conversation, number)
        return found[0]

    async def passage(self, conversation: str, chunk: str) -> Passage | None:
        """The passage as this conversation was last shown it, even if the documents have changed since."""
        hit, text = schema.hit.c, schema.passage.c
        latest = (
            select(hit.n, hit.score, hit.chunk, text.title, text.source, text.text)
            .join(schema.passage, hit.passage == text.digest)
            .where(hit.conversation == conversation, hit.chunk == chunk)
            .order_by(hit.turn.desc())
            .limit(1)
        )
        row = await self._database.read(lambda c: c.execute(latest).mappings().one_or_none())
        return Passage(**row) if row else None

    async def _turns(self, query: Select[*tuple[object, ...]]) -> list[Turn]:
        rows = await self._database.read(lambda c: c.execute(query).mappings().all())
        return [turn_from(row) for row in rows]
