"""The turns of all conversations: messages accepted once and in order, answers committed whole, windows read by index.

What people say is appended (I1, I2), each question is answered once and with everything that made the answer (I4), and
reading costs the same after ten turns and after ten thousand (I6). Knows nothing of who will answer.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, insert, select, update

from dialogue.conversation import Answer, Claim, Mode, Passage, Receipt, StateChange, Turn, Utterance
from dialogue.errors import ClaimLost, ConversationClosed, StateChanged, UnknownConversation, UnknownTurn
from dialogue.store import schema
from dialogue.store.claims import HOLDS, WAITS, held_by
from dialogue.store.conversations import AT_ADDRESS, at, change_mode, insert_conversation
from dialogue.store.database import Database, now
from dialogue.store.records import (
    assistant_turn,
    conversation_from,
    outbox_row,
    passage_to,
    turn_from,
    user_turn,
)

HOME, TURN = schema.conversation, schema.turn
HIT, PASSAGE = schema.hit, schema.passage

NUMBER_QUESTION = (
    update(HOME)
    .where(AT_ADDRESS)
    .values(last_turn=HOME.c.last_turn + 1, updated_at=bindparam("moment"))
    .returning(HOME)
)
NUMBER_CURRENT = NUMBER_QUESTION.where(HOME.c.current)
NUMBER_NAMED = NUMBER_QUESTION.where(HOME.c.id == bindparam("home"))
NUMBER_ANSWER = (
    update(HOME)
    .where(HOLDS)
    .values(last_turn=HOME.c.last_turn + 1, updated_at=bindparam("moment"))
    .returning(HOME)
)
CHANGE_STATE = (
    update(HOME)
    .where(HOME.c.id == bindparam("home"), HOME.c.state_version == bindparam("read_at"))
    .values(state=bindparam("fresh"), state_version=HOME.c.state_version + 1)
)
INSERT_TURN = insert(TURN).returning(TURN)
SETTLE_QUESTION = update(TURN).where(WAITS).values(pending=False)

DUPLICATE = select(TURN).where(
    TURN.c.channel == bindparam("medium"),
    TURN.c.account == bindparam("whose"),
    TURN.c.external_id == bindparam("message"),
)
BY_ID = select(HOME).where(HOME.c.id == bindparam("home"))
OF_CONVERSATION = select(TURN).where(TURN.c.conversation == bindparam("home"))
BEFORE = (
    OF_CONVERSATION.where(TURN.c.asked < bindparam("before"))
    .order_by(TURN.c.asked.desc(), TURN.c.number.desc())
    .limit(bindparam("most"))
)
AFTER = (
    OF_CONVERSATION.where(TURN.c.number > bindparam("after")).order_by(TURN.c.number).limit(bindparam("most"))
)
ONE = OF_CONVERSATION.where(TURN.c.number == bindparam("numbered"))
SHOWN = (
    select(HIT.c.n, HIT.c.score, HIT.c.chunk, PASSAGE.c.title, PASSAGE.c.source, PASSAGE.c.text)
    .join(PASSAGE, HIT.c.passage == PASSAGE.c.digest)
    .where(HIT.c.conversation == bindparam("home"), HIT.c.chunk == bindparam("shown"))
    .order_by(HIT.c.turn.desc())
    .limit(1)
)


class Turns:
    """`store.turns`. Every method raises StoreUnavailable when the database cannot do its work."""

    def __init__(self, database: Database, *, consent: bool = False) -> None:
        """consent: that of a conversation before which there was none at its address."""
        self._database = database
        self._consent = consent

    async def accept(self, utterance: Utterance, conversation: str | None = None) -> Receipt:
        """Store what a person said as the next turn of `conversation`, or of the address's current one.

        The same external id again finds the turn that is there. In mode `human` the turn waits for no bot.
        Raises UnknownConversation (also when it is at another address), ConversationClosed.
        """

        def transaction(connection: Connection) -> Receipt:
            found = _duplicate(connection, utterance)
            return found or _append(connection, utterance, conversation, self._consent)

        return await self._database.write(transaction)

    async def commit(
        self, claim: Claim, turn: Turn, answer: Answer, payload: Mapping[str, Any] | None
    ) -> Turn:
        """Store `answer` to the user's `turn`, and `payload` (JSON) for its channel, in one transaction.

        With None there is nothing to deliver. A change of the conversation's state, and of its mode where the answer
        hands over, is part of the transaction. Returns the assistant's turn. Raises ClaimLost, and stores nothing, if
        another worker holds the conversation or the turn is answered, forgotten or in human hands already;
        StateChanged if the state is not the one that the answer was made from.
        """

        def transaction(connection: Connection) -> Turn:
            home = _fenced(connection, claim, turn)
            reply = connection.execute(INSERT_TURN, assistant_turn(answer, turn, home)).mappings().one()
            self._insert_passages(connection, answer, home)
            if answer.state is not None:
                _change_state(connection, claim.conversation, answer.state)
            if payload is not None:
                connection.execute(insert(schema.outbox), outbox_row(payload, home))
            if answer.hand_over:
                change_mode(connection, claim.conversation, Mode.HUMAN)
            return turn_from(reply)

        return await self._database.write(transaction)

    async def history(self, conversation: str, before: int, limit: int) -> list[Turn]:
        """The last `limit` turns before the user turn `before`, oldest first, each answer after its question.

        If turns 1 and 2 were asked at once and answered as 3 and 4, the history of turn 2 is 1, 3.
        """
        window = {"home": conversation, "before": before, "most": limit}
        return (await self._select(BEFORE, window))[::-1]

    async def after(self, conversation: str, number: int, limit: int) -> list[Turn]:
        """The first `limit` turns above `number`, in the order of their numbers."""
        return await self._select(AFTER, {"home": conversation, "after": number, "most": limit})

    async def get(self, conversation: str, number: int) -> Turn:
        """Raises UnknownTurn."""
        found = await self._select(ONE, {"home": conversation, "numbered": number})
        if not found:
            raise UnknownTurn(conversation, number)
        return found[0]

    async def passage(self, conversation: str, chunk: str) -> Passage | None:
        """The passage as this conversation was last shown it, even if the documents have changed since."""
        shown = {"home": conversation, "shown": chunk}
        row = await self._database.read(lambda c: c.execute(SHOWN, shown).mappings().one_or_none())
        return Passage(**row) if row else None

    async def _select(self, query: Select[*tuple[object, ...]], window: Mapping[str, Any]) -> list[Turn]:
        rows = await self._database.read(lambda c: c.execute(query, window).mappings().all())
        return [turn_from(row) for row in rows]

    def _insert_passages(self, connection: Connection, answer: Answer, home: RowMapping) -> None:
        if not answer.passages:
            return
        shown = [passage_to(passage) for passage in answer.passages]
        # Sorted, so that two workers that store the same passages at once cannot wait for each other.
        connection.execute(
            self._database.insert(schema.passage).on_conflict_do_nothing(),
            sorted(shown, key=lambda row: row["digest"]),
        )
        hits = [
            {
                "conversation": home["id"],
                "turn": home["last_turn"],
                "n": passage.n,
                "chunk": passage.chunk,
                "passage": row["digest"],
                "score": passage.score,
            }
            for passage, row in zip(answer.passages, shown, strict=True)
        ]
        connection.execute(insert(HIT), hits)


def _duplicate(connection: Connection, utterance: Utterance) -> Receipt | None:
    message = at(utterance.address) | {"message": utterance.external_id}
    turn = connection.execute(DUPLICATE, message).mappings().one_or_none()
    if turn is None:
        return None
    home = connection.execute(BY_ID, {"home": turn["conversation"]}).mappings().one()
    return Receipt(conversation_from(home), turn_from(turn), duplicate=True)


def _append(connection: Connection, utterance: Utterance, conversation: str | None, consent: bool) -> Receipt:
    home = _numbered(connection, utterance, conversation, consent)
    if home["mode"] == Mode.CLOSED:
        raise ConversationClosed(home["id"])
    turn = connection.execute(INSERT_TURN, user_turn(utterance, home)).mappings().one()
    return Receipt(conversation_from(home), turn_from(turn), duplicate=False)


def _numbered(
    connection: Connection, utterance: Utterance, conversation: str | None, consent: bool
) -> RowMapping:
    """The conversation's row, locked until the end of the transaction, with `last_turn` for the new turn."""
    named = at(utterance.address) | {"moment": now(), "home": conversation}
    numbering = NUMBER_CURRENT if conversation is None else NUMBER_NAMED
    home = connection.execute(numbering, named).mappings().one_or_none()
    if home is None and conversation is not None:
        raise UnknownConversation(conversation)
    return home or insert_conversation(
        connection, utterance.address, utterance.language, last_turn=1, consent=consent
    )


def _fenced(connection: Connection, claim: Claim, turn: Turn) -> RowMapping:
    """The conversation's row, locked, numbered for the reply, if `claim` holds and `turn` still waits."""
    reply = held_by(claim) | {"question": turn.number, "moment": now()}
    home = connection.execute(NUMBER_ANSWER, reply).mappings().one_or_none()
    answered = connection.execute(SETTLE_QUESTION, reply)
    if home is None or not answered.rowcount:
        raise ClaimLost(claim.conversation, claim.fence)
    return home


def _change_state(connection: Connection, conversation: str, change: StateChange) -> None:
    values = {"home": conversation, "read_at": change.version, "fresh": dict(change.state)}
    if not connection.execute(CHANGE_STATE, values).rowcount:
        raise StateChanged(conversation, change.version)
