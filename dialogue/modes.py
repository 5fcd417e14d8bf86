"""Passing a conversation between the bot and humans, inside whatever transaction calls for it."""

from sqlalchemy import Connection, RowMapping, update

from dialogue import schema
from dialogue.conversation import Mode
from dialogue.database import now


def change_mode(connection: Connection, conversation: str, mode: Mode) -> RowMapping | None:
    """The conversation's row in its new mode; None if there is no such conversation.

    When it is not the bot's, the turns that wait go to the human and a worker at an answer loses its claim.
    """
    home = schema.conversation
    taken = {} if mode is Mode.BOT else {"claim_fence": home.c.claim_fence + 1, "claim_until": None}
    change = update(home).where(home.c.id == conversation).values(mode=mode, updated_at=now(), **taken)
    row = connection.execute(change.returning(home)).mappings().one_or_none()
    if mode is not Mode.BOT:
        _leave_to_human(connection, conversation)
    return row


def _leave_to_human(connection: Connection, conversation: str) -> None:
    turn = schema.turn
    waiting = update(turn).where(turn.c.conversation == conversation, turn.c.pending)
    connection.execute(waiting.values(pending=False))
