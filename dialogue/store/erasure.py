"""Forgetting a person (I7): what they said, the answers to it, what was to be delivered, their ratings.

Passages stay, they are the documents' words. Datasets and training belong to whoever keeps their lineage.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, delete, select, tuple_

from dialogue.store import schema
from dialogue.store.database import Database

HOME, TURN, HIT = schema.conversation, schema.turn, schema.hit
OUTBOX, FEEDBACK = schema.outbox, schema.feedback

Keys = Select[str, int]
"""Selects turns: (conversation, number)."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was forgotten."""

    counts: Mapping[str, int]
    """Rows erased, by kind: `conversations`, `turns`, `hits`, `outbox`, `feedback`."""
    conversations: tuple[str, ...]
    """Ids of the conversations that lost words: the key to what was learnt from them elsewhere."""
    releases: tuple[str, ...]
    """The releases that answered this person."""


@dataclass(frozen=True, slots=True)
class ErasureScope:
    """An account with all that was said there, an author wherever they spoke on the channel, or one in the other."""

    channel: str
    account: str | None
    author: str | None


class ErasureOperations:
    """The part of the store that erases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def affected(
        self, channel: str, account: str | None = None, author: str | None = None
    ) -> tuple[str, ...]:
        """The conversations that would lose words if this person were forgotten. Raises StoreUnavailable."""
        whom = ErasureScope(channel, account, author)
        return await self._database.read(lambda c: tuple(c.execute(_concerned(whom)).scalars()))

    async def forget(self, channel: str, account: str | None = None, author: str | None = None) -> Erasure:
        """Erase an account with all its conversations, or one author's words and the answers to them.

        `account` alone is a person's own chat; `author` alone is a person wherever they spoke on the channel; both
        are one member of a group. Raises ValueError without either, StoreUnavailable.
        """
        if account is None and author is None:
            raise ValueError("Say whom to forget: an account, an author, or both.")
        whom = ErasureScope(channel, account, author)
        erasure = await self._database.write(lambda connection: _erase(connection, whom))
        await self._database.scrub()
        return erasure


def _erase(connection: Connection, whom: ErasureScope) -> Erasure:
    homes, releases = _lock(connection, whom), _releases(connection, whom)
    doomed = _turns_of(whom)
    theirs = _at(FEEDBACK.c.conversation, whom)
    statements = [
        ("feedback", delete(FEEDBACK).where(_of(FEEDBACK.c.turn, doomed))),
        ("feedback", delete(FEEDBACK).where(FEEDBACK.c.rater == whom.author, theirs)),
        ("hits", delete(HIT).where(_of(HIT.c.turn, doomed))),
        ("outbox", delete(OUTBOX).where(_of(OUTBOX.c.turn, doomed))),
        ("turns", delete(TURN).where(_of(TURN.c.number, doomed))),
    ]
    if whom.author is None:
        statements.append(("conversations", delete(HOME).where(_at(HOME.c.id, whom))))
    counts: Counter[str] = Counter()
    for kind, statement in statements:
        counts[kind] += connection.execute(statement).rowcount
    return Erasure(counts, homes, releases)


def _lock(connection: Connection, whom: ErasureScope) -> tuple[str, ...]:
    """The conversations concerned, locked first as an answer's commit does, so that the two wait in line."""
    return tuple(connection.execute(_concerned(whom).with_for_update()).scalars())


def _concerned(whom: ErasureScope) -> Select[str]:
    """Those that the person spoke in, or rated an answer of: a correction is words too."""
    if whom.author is None:
        return select(HOME.c.id).where(_at(HOME.c.id, whom)).order_by(HOME.c.id)
    spoke = select(_turns_of(whom).subquery().c.conversation)
    judged = select(FEEDBACK.c.conversation).where(FEEDBACK.c.rater == whom.author)
    either = HOME.c.id.in_(spoke) | (HOME.c.id.in_(judged) & _at(HOME.c.id, whom))
    return select(HOME.c.id).where(either).order_by(HOME.c.id)


def _releases(connection: Connection, whom: ErasureScope) -> tuple[str, ...]:
    answered = select(TURN.c.release).where(_of(TURN.c.number, _turns_of(whom)), TURN.c.release.is_not(None))
    return tuple(connection.execute(answered.distinct().order_by(TURN.c.release)).scalars())


def _turns_of(whom: ErasureScope) -> Keys:
    """The person's turns and the answers to them; without an author, all that was said at the address."""
    spoken, belonging = TURN.alias("spoken"), TURN.alias("belonging")
    same = and_(belonging.c.conversation == spoken.c.conversation, belonging.c.asked == spoken.c.number)
    turns = select(belonging.c.conversation, belonging.c.number).select_from(spoken).join(belonging, same)
    if whom.account is not None:
        turns = turns.where(spoken.c.account == whom.account)
    if whom.author is not None:
        turns = turns.where(spoken.c.author == whom.author)
    return turns.where(spoken.c.channel == whom.channel)


def _of(number: Column[int], turns: Keys) -> ColumnElement[bool]:
    """Whether a row, whose turn is in the column `number`, belongs to one of `turns`."""
    return tuple_(number.table.c.conversation, number).in_(turns)


def _at(conversation: Column[str], whom: ErasureScope) -> ColumnElement[bool]:
    """Whether a row belongs to a conversation on the channel, and at the account where one is named."""
    there = select(HOME.c.id).where(HOME.c.channel == whom.channel)
    return conversation.in_(there if whom.account is None else there.where(HOME.c.account == whom.account))
