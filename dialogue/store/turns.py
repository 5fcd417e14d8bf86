"""Turns: messages accepted once and in order, answers committed whole, history read by index.

A message is appended once (I1, I2). An answer is committed once, in one transaction with everything that belongs to it
(I4). Reading costs the same in a conversation of ten turns and of ten thousand (I6).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, insert, select, update

from dialogue.conversation import (
    Address,
    Answer,
    Claim,
    Mode,
    Passage,
    Receipt,
    RecordedMessage,
    Role,
    StateChange,
    Turn,
    Utterance,
)
from dialogue.errors import ClaimLost, StateChanged, UnknownTurn
from dialogue.store import inbound, schema
from dialogue.store.claims import CLAIM_IS_VALID, TURN_IS_PENDING, claim_parameters
from dialogue.store.conversations import change_mode
from dialogue.store.database import Database, now
from dialogue.store.records import (
    answer_from,
    assistant_turn_row,
    outbox_row,
    passage_row,
    turn_from,
)

CONVERSATION, TURN = schema.conversation, schema.turn
HIT, PASSAGE = schema.hit, schema.passage

NEXT_NUMBER_UNDER_CLAIM = (
    update(CONVERSATION)
    .where(CLAIM_IS_VALID)
    .values(
        last_turn=CONVERSATION.c.last_turn + 1,
        language=bindparam("answer_language"),
        updated_at=bindparam("moment"),
    )
    .returning(CONVERSATION)
)
UPDATE_STATE = (
    update(CONVERSATION)
    .where(
        CONVERSATION.c.id == bindparam("conversation_id"),
        CONVERSATION.c.state_version == bindparam("read_version"),
    )
    .values(state=bindparam("new_state"), state_version=CONVERSATION.c.state_version + 1)
)
CLEAR_PENDING = update(TURN).where(TURN_IS_PENDING).values(pending=False)

SELECT_TURNS = select(TURN).where(TURN.c.conversation == bindparam("conversation_id"))
SELECT_HISTORY = (
    SELECT_TURNS.where(TURN.c.asked < bindparam("before"))
    .order_by(TURN.c.asked.desc(), TURN.c.number.desc())
    .limit(bindparam("row_limit"))
)
SELECT_AFTER = (
    SELECT_TURNS.where(TURN.c.number > bindparam("after"))
    .order_by(TURN.c.number)
    .limit(bindparam("row_limit"))
)
SELECT_TURN = SELECT_TURNS.where(TURN.c.number == bindparam("turn_number"))
SELECT_PASSAGES = (
    select(HIT.c.n, HIT.c.score, HIT.c.chunk, PASSAGE.c.title, PASSAGE.c.source, PASSAGE.c.text)
    .join(PASSAGE, HIT.c.passage == PASSAGE.c.digest)
    .where(HIT.c.conversation == bindparam("conversation_id"))
)
SELECT_PASSAGE = (
    SELECT_PASSAGES.where(HIT.c.chunk == bindparam("chunk_id")).order_by(HIT.c.turn.desc()).limit(1)
)
SELECT_PASSAGES_OF_TURN = SELECT_PASSAGES.where(HIT.c.turn == bindparam("turn_number")).order_by(HIT.c.n)


class Turns:
    """`store.turns`. Every method raises StoreUnavailable if the database fails."""

    def __init__(self, database: Database, *, consent: bool = False) -> None:
        """consent: whether the first conversation of an address starts with consent to training."""
        self._database = database
        self._consent = consent

    async def accept(self, utterance: Utterance, conversation: str | None = None) -> Receipt:
        """Store a message as the next turn of `conversation`, or of the address's current conversation.

        A message whose external id is known is not stored again: the existing turn is returned. In mode `human` the
        turn does not wait for the bot. Raises UnknownConversation (also if it belongs to another address),
        ConversationClosed.
        """

        def transaction(connection: Connection) -> Receipt:
            duplicate = inbound.find_duplicate(connection, utterance)
            return duplicate or inbound.append(connection, utterance, conversation, self._consent)

        return await self._database.write(transaction)

    async def revise(self, utterance: Utterance) -> Receipt | None:
        """Replace the text of a message that still waits for its answer; None if it does not, or is not known.

        An attempt that is under way loses its claim, so that the text which it read is never answered.
        """

        def transaction(connection: Connection) -> Receipt | None:
            known = inbound.find_duplicate(connection, utterance)
            return known and inbound.revise(connection, known, utterance.text)

        return await self._database.write(transaction)

    async def record(
        self, address: Address, messages: Sequence[RecordedMessage], conversation: str | None = None
    ) -> list[Turn]:
        """Store messages that were exchanged elsewhere as the next turns, in one transaction; none waits for an answer.

        Raises UnknownConversation, ConversationClosed.
        """

        def transaction(connection: Connection) -> list[Turn]:
            return [
                inbound.record(connection, address, message, conversation, self._consent)
                for message in messages
            ]

        return await self._database.write(transaction)

    async def commit(
        self, claim: Claim, turn: Turn, answer: Answer, payload: Mapping[str, Any] | None
    ) -> Turn:
        """Store the `answer` to the user's `turn`, and the rendered `payload` in the outbox, in one transaction.

        The same transaction changes the conversation's state, and hands it over to a human, if the answer says so, and
        sets the conversation's language to that of the answer. A
        payload of None delivers nothing. Returns the assistant's turn. Stores nothing and raises ClaimLost if another
        worker holds the conversation, or if the turn was answered, erased or handed over meanwhile; StateChanged if
        the state is no longer the one that the answer was made from.
        """

        def transaction(connection: Connection) -> Turn:
            conversation = _next_number_under_claim(connection, claim, turn, answer.language)
            reply = (
                connection.execute(inbound.INSERT_TURN, assistant_turn_row(answer, turn, conversation))
                .mappings()
                .one()
            )
            self._insert_passages(connection, answer, conversation)
            if answer.state is not None:
                _update_state(connection, claim.conversation, answer.state)
            if payload is not None:
                connection.execute(insert(schema.outbox), outbox_row(payload, conversation))
            if answer.hand_over:
                change_mode(connection, claim.conversation, Mode.HUMAN)
            return turn_from(reply)

        return await self._database.write(transaction)

    async def history(self, conversation: str, before: int, limit: int) -> list[Turn]:
        """The last `limit` turns before the user turn `before`, oldest first, each answer after its question.

        If turns 1 and 2 were asked at once and answered as 3 and 4, the history of turn 2 is 1, 3.
        """
        window = {"conversation_id": conversation, "before": before, "row_limit": limit}
        return (await self._select(SELECT_HISTORY, window))[::-1]

    async def after(self, conversation: str, number: int, limit: int) -> list[Turn]:
        """The first `limit` turns above `number`, in the order of their numbers."""
        return await self._select(
            SELECT_AFTER, {"conversation_id": conversation, "after": number, "row_limit": limit}
        )

    async def get(self, conversation: str, number: int) -> Turn:
        """Raises UnknownTurn."""
        found = await self._select(SELECT_TURN, {"conversation_id": conversation, "turn_number": number})
        if not found:
            raise UnknownTurn(conversation, number)
        return found[0]

    async def answer(self, conversation: str, number: int) -> Answer:
        """The assistant's turn `number` as the answer that was committed. Raises UnknownTurn."""
        parameters = {"conversation_id": conversation, "turn_number": number}

        def transaction(connection: Connection) -> Answer:
            row = connection.execute(SELECT_TURN, parameters).mappings().one_or_none()
            if row is None or row["role"] != Role.ASSISTANT:
                raise UnknownTurn(conversation, number, "answer")
            passages = connection.execute(SELECT_PASSAGES_OF_TURN, parameters).mappings()
            return answer_from(row, [Passage(**passage) for passage in passages])

        return await self._database.read(transaction)

    async def passage(self, conversation: str, chunk: str) -> Passage | None:
        """The passage as this conversation last saw it, even if the documents have changed since."""
        parameters = {"conversation_id": conversation, "chunk_id": chunk}
        row = await self._database.read(
            lambda c: c.execute(SELECT_PASSAGE, parameters).mappings().one_or_none()
        )
        return Passage(**row) if row else None

    async def _select(self, query: Select[*tuple[object, ...]], parameters: Mapping[str, Any]) -> list[Turn]:
        rows = await self._database.read(lambda c: c.execute(query, parameters).mappings().all())
        return [turn_from(row) for row in rows]

    def _insert_passages(self, connection: Connection, answer: Answer, conversation: RowMapping) -> None:
        if not answer.passages:
            return
        shown = [passage_row(passage) for passage in answer.passages]
        # Sorted, so that two workers that store the same passages at the same time cannot deadlock.
        connection.execute(
            self._database.insert(schema.passage).on_conflict_do_nothing(),
            sorted(shown, key=lambda row: row["digest"]),
        )
        hits = [
            {
                "conversation": conversation["id"],
                "turn": conversation["last_turn"],
                "n": passage.n,
                "chunk": passage.chunk,
                "passage": row["digest"],
                "score": passage.score,
            }
            for passage, row in zip(answer.passages, shown, strict=True)
        ]
        connection.execute(insert(HIT), hits)


def _next_number_under_claim(connection: Connection, claim: Claim, turn: Turn, language: str) -> RowMapping:
    """The same for an answer. Raises ClaimLost unless the claim is valid and `turn` is still pending."""
    parameters = claim_parameters(claim) | {
        "turn_number": turn.number,
        "answer_language": language,
        "moment": now(),
    }
    row = connection.execute(NEXT_NUMBER_UNDER_CLAIM, parameters).mappings().one_or_none()
    answered = connection.execute(CLEAR_PENDING, parameters)
    if row is None or not answered.rowcount:
        raise ClaimLost(claim.conversation, claim.fence)
    return row


def _update_state(connection: Connection, conversation: str, change: StateChange) -> None:
    values = {
        "conversation_id": conversation,
        "read_version": change.version,
        "new_state": dict(change.state),
    }
    if not connection.execute(UPDATE_STATE, values).rowcount:
        raise StateChanged(conversation, change.version)
