"""Messages as they arrive: each is appended once (I1, I2), and may be revised until it is answered.

Runs inside a transaction of `turns`.
"""

from dataclasses import replace

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from dialogue.conversation import Address, Mode, Receipt, RecordedMessage, Turn, Utterance
from dialogue.errors import ConversationClosed, UnknownConversation
from dialogue.store import schema
from dialogue.store.claims import TURN_IS_PENDING
from dialogue.store.conversations import AT_ADDRESS, address_parameters, insert_conversation
from dialogue.store.database import now
from dialogue.store.records import conversation_from, recorded_turn_row, turn_from, user_turn_row

CONVERSATION, TURN = schema.conversation, schema.turn

INSERT_TURN = insert(TURN).returning(TURN)
NEXT_NUMBER = (
    update(CONVERSATION)
    .where(AT_ADDRESS)
    .values(last_turn=CONVERSATION.c.last_turn + 1, updated_at=bindparam("moment"))
    .returning(CONVERSATION)
)
NEXT_NUMBER_IN_CURRENT = NEXT_NUMBER.where(CONVERSATION.c.current)
NEXT_NUMBER_BY_ID = NEXT_NUMBER.where(CONVERSATION.c.id == bindparam("conversation_id"))
REVISE = update(TURN).where(TURN_IS_PENDING).values(text=bindparam("new_text"), attempts=0).returning(TURN)
REVOKE_CLAIM = (
    update(CONVERSATION)
    .where(CONVERSATION.c.id == bindparam("conversation_id"))
    .values(claim_fence=CONVERSATION.c.claim_fence + 1, claim_until=None)
)
SELECT_BY_EXTERNAL_ID = select(TURN).where(
    TURN.c.channel == bindparam("channel_name"),
    TURN.c.account == bindparam("account_name"),
    TURN.c.external_id == bindparam("external_id"),
)
SELECT_CONVERSATION = select(CONVERSATION).where(CONVERSATION.c.id == bindparam("conversation_id"))


def find_duplicate(connection: Connection, utterance: Utterance) -> Receipt | None:
    """The turn under the message's external id, if it was stored before."""
    parameters = address_parameters(utterance.address) | {"external_id": utterance.external_id}
    turn = connection.execute(SELECT_BY_EXTERNAL_ID, parameters).mappings().one_or_none()
    if turn is None:
        return None
    row = connection.execute(SELECT_CONVERSATION, {"conversation_id": turn["conversation"]}).mappings().one()
    return Receipt(conversation_from(row), turn_from(turn), duplicate=True)


def append(connection: Connection, utterance: Utterance, conversation: str | None, consent: bool) -> Receipt:
    """Store a new message, behind the one that it replies to if the bot had not seen that before."""
    about = utterance.about
    if isinstance(about, Utterance):
        quoted = _quoted(connection, about, conversation, consent)
        row = _next_number(connection, utterance.address, utterance.language, conversation, consent)
        about = quoted.number if quoted.conversation == row["id"] else None
    else:
        row = _next_number(connection, utterance.address, utterance.language, conversation, consent)
    turn = connection.execute(INSERT_TURN, user_turn_row(utterance, row, about)).mappings().one()
    return Receipt(conversation_from(row), turn_from(turn), duplicate=False)


def _quoted(connection: Connection, quoted: Utterance, conversation: str | None, consent: bool) -> Turn:
    """The turn of a message that was replied to; a new one waits for nothing."""
    if known := find_duplicate(connection, quoted):
        return known.turn
    row = _next_number(connection, quoted.address, quoted.language, conversation, consent)
    values = user_turn_row(quoted, row) | {"pending": False}
    return turn_from(connection.execute(INSERT_TURN, values).mappings().one())


def revise(connection: Connection, known: Receipt, text: str) -> Receipt | None:
    """Give a pending turn another text, and take the conversation from whoever is answering it."""
    turn = known.turn
    if turn.text == text:
        return None
    values = {"conversation_id": turn.conversation, "turn_number": turn.number, "new_text": text}
    row = connection.execute(REVISE, values).mappings().one_or_none()
    if row is None:
        return None
    connection.execute(REVOKE_CLAIM, {"conversation_id": turn.conversation})
    return replace(known, turn=turn_from(row))


def record(
    connection: Connection,
    address: Address,
    message: RecordedMessage,
    conversation: str | None,
    consent: bool,
) -> Turn:
    """Store a message that was exchanged elsewhere."""
    row = _next_number(connection, address, None, conversation, consent)
    return turn_from(connection.execute(INSERT_TURN, recorded_turn_row(message, row)).mappings().one())


def _next_number(
    connection: Connection, address: Address, language: str | None, conversation: str | None, consent: bool
) -> RowMapping:
    """Take the next turn number: `last_turn` of the conversation's row, which is locked until the transaction ends."""
    parameters = address_parameters(address) | {"moment": now(), "conversation_id": conversation}
    statement = NEXT_NUMBER_IN_CURRENT if conversation is None else NEXT_NUMBER_BY_ID
    row = connection.execute(statement, parameters).mappings().one_or_none()
    if row is None and conversation is not None:
        raise UnknownConversation(conversation)
    if row is not None and row["mode"] == Mode.CLOSED:
        raise ConversationClosed(row["id"])
    return row or insert_conversation(connection, address, language, last_turn=1, consent=consent)
