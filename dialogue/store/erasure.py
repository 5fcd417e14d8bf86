"""Erasing a person (I7): their messages, the answers, undelivered messages and their ratings.

Passages stay, because they are text of the documents. Datasets are the business of `finetune.forgetting`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, delete, select, tuple_

from dialogue.store import schema
from dialogue.store.database import Database

CONVERSATION, TURN, HIT = schema.conversation, schema.turn, schema.hit
OUTBOX, FEEDBACK = schema.outbox, schema.feedback

Keys = Select[str, int]
"""Selects turns: (conversation, number)."""


@dataclass(frozen=True, slots=True)
class ErasedRows:
    """What an erasure removed."""

    counts: Mapping[str, int]
    """Rows by kind: `conversations`, `turns`, `hits`, `outbox`, `feedback`."""
    conversations: tuple[str, ...]
    """Ids of the affected conversations, by which datasets are searched for the same person."""
    releases: tuple[str, ...]
    """The releases that had answered this person."""


@dataclass(frozen=True, slots=True)
class ErasureScope:
    """Whom to erase: an account, an author on the whole channel, or an author in one account."""

    channel: str
    account: str | None
    author: str | None


class Erasure:
    """`store.erasure`. Every method raises StoreUnavailable if the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def affected(
        self, channel: str, account: str | None = None, author: str | None = None
    ) -> tuple[str, ...]:
        """The conversations that erasing this person would change."""
        scope = ErasureScope(channel, account, author)
        return await self._database.read(lambda c: tuple(c.execute(_affected(scope)).scalars()))

    async def forget(self, channel: str, account: str | None = None, author: str | None = None) -> ErasedRows:
        """Erase an account with all its conversations, or one author's messages and the answers to them.

        `account` alone is a private chat; `author` alone is a person on the whole channel; both are one member of a
        group. Raises ValueError without either.
        """
        if account is None and author is None:
            raise ValueError("Say whom to forget: an account, an author, or both.")
        scope = ErasureScope(channel, account, author)
        erasure = await self._database.write(lambda connection: _erase(connection, scope))
        await self._database.purge_deleted()
        return erasure


def _erase(connection: Connection, scope: ErasureScope) -> ErasedRows:
    conversations, releases = _lock(connection, scope), _releases(connection, scope)
    turns = _turns_of(scope)
    in_scope = _in_scope(FEEDBACK.c.conversation, scope)
    statements = [
        ("feedback", delete(FEEDBACK).where(_belongs_to(FEEDBACK.c.turn, turns))),
        ("feedback", delete(FEEDBACK).where(FEEDBACK.c.rater == scope.author, in_scope)),
        ("hits", delete(HIT).where(_belongs_to(HIT.c.turn, turns))),
        ("outbox", delete(OUTBOX).where(_belongs_to(OUTBOX.c.turn, turns))),
        ("turns", delete(TURN).where(_belongs_to(TURN.c.number, turns))),
    ]
    if scope.author is None:
        statements.append(("conversations", delete(CONVERSATION).where(_in_scope(CONVERSATION.c.id, scope))))
    counts: Counter[str] = Counter()
    for kind, statement in statements:
        counts[kind] += connection.execute(statement).rowcount
    return ErasedRows(counts, conversations, releases)


def _lock(connection: Connection, scope: ErasureScope) -> tuple[str, ...]:
    """Lock the affected conversations first, as the commit of an answer does, so that the two cannot deadlock."""
    return tuple(connection.execute(_affected(scope).with_for_update()).scalars())


def _affected(scope: ErasureScope) -> Select[str]:
    """The conversations in which the person wrote or rated an answer; a correction is their text too."""
    if scope.author is None:
        return (
            select(CONVERSATION.c.id).where(_in_scope(CONVERSATION.c.id, scope)).order_by(CONVERSATION.c.id)
        )
    wrote = select(_turns_of(scope).subquery().c.conversation)
    rated = select(FEEDBACK.c.conversation).where(FEEDBACK.c.rater == scope.author)
    either = CONVERSATION.c.id.in_(wrote) | (
        CONVERSATION.c.id.in_(rated) & _in_scope(CONVERSATION.c.id, scope)
    )
    return select(CONVERSATION.c.id).where(either).order_by(CONVERSATION.c.id)


def _releases(connection: Connection, scope: ErasureScope) -> tuple[str, ...]:
    answered = select(TURN.c.release).where(
        _belongs_to(TURN.c.number, _turns_of(scope)), TURN.c.release.is_not(None)
    )
    return tuple(connection.execute(answered.distinct().order_by(TURN.c.release)).scalars())


def _turns_of(scope: ErasureScope) -> Keys:
    """The person's turns and the answers to them; without an author, all turns of the account."""
    written, related = TURN.alias("written"), TURN.alias("related")
    same = and_(related.c.conversation == written.c.conversation, related.c.asked == written.c.number)
    turns = select(related.c.conversation, related.c.number).select_from(written).join(related, same)
    if scope.account is not None:
        turns = turns.where(written.c.account == scope.account)
    if scope.author is not None:
        turns = turns.where(written.c.author == scope.author)
    return turns.where(written.c.channel == scope.channel)


def _belongs_to(number: Column[int], turns: Keys) -> ColumnElement[bool]:
    """True for rows whose turn, in the column `number`, is one of `turns`."""
    return tuple_(number.table.c.conversation, number).in_(turns)


def _in_scope(conversation: Column[str], scope: ErasureScope) -> ColumnElement[bool]:
    """True for rows of conversations on the channel, and of the account if one is given."""
    in_channel = select(CONVERSATION.c.id).where(CONVERSATION.c.channel == scope.channel)
    return conversation.in_(
        in_channel if scope.account is None else in_channel.where(CONVERSATION.c.account == scope.account)
    )
