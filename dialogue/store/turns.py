"""What comes in: conversations are opened, and each message is stored once, in order.

Knows nothing of who will answer.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, bindparam, insert, select, update

from dialogue.conversation import (
    Address,
    Answer,
    Claim,
    Conversation,
    Mode,
    Passage,
    Receipt,
    Role,
    Turn,
    Utterance,
)
from dialogue.errors import ClaimLost, ConversationClosed, UnknownConversation, UnknownTurn
from dialogue.store import schema
from dialogue.store.claims import HOLDS, WAITS, held_by
from dialogue.store.conversations import change_mode
from dialogue.store.database import Database, now
from dialogue.store.records import citation_to, conversation_from, passage_to, turn_from

HOME, TURN = schema.conversation, schema.turn

AT_ADDRESS = and_(HOME.c.channel == bindparam("medium"), HOME.c.account == bindparam("whose"))
CURRENT = select(HOME).where(AT_ADDRESS, HOME.c.current)
RETIRE_CURRENT = (
    update(HOME).where(AT_ADDRESS, HOME.c.current).values(current=False).returning(HOME.c.consent)
)
INSERT_CONVERSATION = insert(HOME).returning(HOME)
NUMBER_QUESTION = (
    update(HOME)
    .where(AT_ADDRESS)
    .values(last_turn=HOME.c.last_turn + 1, updated_at=bindparam("moment"))
    .returning(HOME)
)
NUMBER_CURRENT = NUMBER_QUESTION.where(HOME.c.current)
NUMBER_NAMED = NUMBER_QUESTION.where(HOME.c.id == bindparam("home"))
DUPLICATE = select(TURN).where(
    TURN.c.channel == bindparam("medium"),
    TURN.c.account == bindparam("whose"),
    TURN.c.external_id == bindparam("message"),
)
CONVERSATION_OF_DUPLICATE = select(HOME).where(HOME.c.id == bindparam("home"))
INSERT_QUESTION = insert(TURN).returning(TURN)


class Inbox:
    """The part of the store that takes messages in (I1, I2)."""

    _database: Database
    _consent: bool
    """Of a conversation before which there was none at its address."""

    async def accept(self, utterance: Utterance, conversation: str | None = None) -> Receipt:
        """Store what a person said as the next turn of `conversation`, or of the address's current one.

        The same external id again finds the turn that is there. In mode `human` the turn waits for no bot.
        Raises UnknownConversation (also when it is at another address), ConversationClosed, StoreUnavailable.
        """

        def store(connection: Connection) -> Receipt:
            found = _duplicate(connection, utterance)
            return found or _append(connection, utterance, conversation, self._consent)

        return await self._database.write(store)

    async def start(self, address: Address, language: str | None = None) -> Conversation:
        """Open a conversation, from now on the current one of `address`. Raises StoreUnavailable."""

        def replace(connection: Connection) -> Conversation:
            former = connection.execute(RETIRE_CURRENT, _at(address)).scalar_one_or_none()
            consent = self._consent if former is None else former
            return conversation_from(_open(connection, address, language, last_turn=0, consent=consent))

        return await self._database.write(replace)

    async def current(self, address: Address) -> Conversation | None:
        """The conversation that a message from `address` would join, if there is one."""
        row = await self._database.read(lambda c: c.execute(CURRENT, _at(address)).mappings().one_or_none())
        return conversation_from(row) if row else None


def _duplicate(connection: Connection, utterance: Utterance) -> Receipt | None:
    message = _at(utterance.address) | {"message": utterance.external_id}
    turn = connection.execute(DUPLICATE, message).mappings().one_or_none()
    if turn is None:
        return None
    home = connection.execute(CONVERSATION_OF_DUPLICATE, {"home": turn["conversation"]}).mappings().one()
    return Receipt(conversation_from(home), turn_from(turn), duplicate=True)


def _append(connection: Connection, utterance: Utterance, conversation: str | None, consent: bool) -> Receipt:
    home = _numbered(connection, utterance, conversation, consent)
    if home["mode"] == Mode.CLOSED:
        raise ConversationClosed(home["id"])
    turn = connection.execute(INSERT_QUESTION, _user_turn(utterance, home)).mappings().one()
    return Receipt(conversation_from(home), turn_from(turn), duplicate=False)


def _numbered(
    connection: Connection, utterance: Utterance, conversation: str | None, consent: bool
) -> RowMapping:
    """The conversation's row, locked until the end of the transaction, with `last_turn` for the new turn."""
    named = _at(utterance.address) | {"moment": now(), "home": conversation}
    numbering = NUMBER_CURRENT if conversation is None else NUMBER_NAMED
    home = connection.execute(numbering, named).mappings().one_or_none()
    if home is None and conversation is not None:
        raise UnknownConversation(conversation)
    return home or _open(connection, utterance.address, utterance.language, last_turn=1, consent=consent)


def _open(
    connection: Connection, address: Address, language: str | None, *, last_turn: int, consent: bool
) -> RowMapping:
    moment = now()
    home = {
        "id": secrets.token_urlsafe(16),
        "channel": address.channel,
        "account": address.account,
        "current": True,
        "language": language,
        "mode": Mode.BOT,
        "consent": consent,
        "state": {},
        "state_version": 0,
        "last_turn": last_turn,
        "claim_fence": 0,
        "created_at": moment,
        "updated_at": moment,
    }
    return connection.execute(INSERT_CONVERSATION, home).mappings().one()


def _at(address: Address) -> dict[str, Any]:
    """What AT_ADDRESS asks for."""
    return {"medium": address.channel, "whose": address.account}


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


NUMBER_ANSWER = (
    update(HOME)
    .where(HOLDS)
    .values(last_turn=HOME.c.last_turn + 1, updated_at=bindparam("moment"))
    .returning(HOME)
)
SETTLE_QUESTION = update(TURN).where(WAITS).values(pending=False)
INSERT_ANSWER = insert(TURN).returning(TURN)
INSERT_HITS = insert(schema.hit)
INSERT_OUTBOX = insert(schema.outbox)


class Replies:
    """The part of the store that commits answers."""

    _database: Database

    async def commit(
        self, claim: Claim, turn: Turn, answer: Answer, payload: Mapping[str, Any] | None
    ) -> Turn:
        """Store `answer` to the user's `turn`, and `payload` (JSON) for its channel, in one transaction.

        With None there is nothing to deliver. An answer that hands over changes the mode with it. Returns the
        assistant's turn. Raises ClaimLost, and stores nothing, if another worker holds the
        conversation or the turn is answered, forgotten or in human hands already; StoreUnavailable.
        """

        def store(connection: Connection) -> Turn:
            home = _fenced(connection, claim, turn)
            reply = connection.execute(INSERT_ANSWER, assistant_turn(answer, turn, home)).mappings().one()
            self._ground(connection, answer, home)
            if payload is not None:
                connection.execute(INSERT_OUTBOX, outbox_row(payload, home))
            if answer.hand_over:
                change_mode(connection, claim.conversation, Mode.HUMAN)
            return turn_from(reply)

        return await self._database.write(store)

    def _ground(self, connection: Connection, answer: Answer, home: RowMapping) -> None:
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
        connection.execute(INSERT_HITS, hits)


def _fenced(connection: Connection, claim: Claim, turn: Turn) -> RowMapping:
    """The conversation's row, locked, numbered for the reply, if `claim` holds and `turn` still waits."""
    reply = held_by(claim) | {"question": turn.number, "moment": now()}
    home = connection.execute(NUMBER_ANSWER, reply).mappings().one_or_none()
    answered = connection.execute(SETTLE_QUESTION, reply)
    if home is None or not answered.rowcount:
        raise ClaimLost(claim.conversation, claim.fence)
    return home


def assistant_turn(answer: Answer, turn: Turn, home: RowMapping) -> dict[str, Any]:
    return {
        "conversation": home["id"],
        "number": home["last_turn"],
        "role": Role.ASSISTANT,
        "text": answer.text,
        "channel": home["channel"],
        "account": home["account"],
        "language": answer.language,
        "pending": False,
        "attempts": 0,
        "reply_to": turn.number,
        "query": answer.query,
        "citations": [citation_to(citation) for citation in answer.citations],
        "abstained": answer.abstained,
        "failed": answer.failed,
        "release": answer.release,
        "timings": dict(answer.timings),
        "created_at": now(),
    }


def outbox_row(payload: Mapping[str, Any], home: RowMapping) -> dict[str, Any]:
    moment = now()
    return {
        "conversation": home["id"],
        "turn": home["last_turn"],
        "channel": home["channel"],
        "account": home["account"],
        "payload": dict(payload),
        "progress": 0,
        "attempts": 0,
        "due_at": moment,
        "delivered": False,
        "created_at": moment,
    }


HIT, PASSAGE = schema.hit, schema.passage

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
