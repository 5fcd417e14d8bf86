"""Forgetting a person (I7): what they said, the answers to it, what was to be delivered, their ratings.

Passages stay, they are the documents' words. Datasets and training belong to whoever keeps their lineage.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, delete, false, select, tuple_

from dialogue import schema
from dialogue.database import Database

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


class Forgetting:
    """The part of the store that erases."""

    _database: Database

    async def forget(self, channel: str, account: str | None = None, author: str | None = None) -> Erasure:
        """Erase an account with all its conversations, or one author's words and the answers to them.

        `account` alone is a person's own chat; `author` alone is a person wherever they spoke on the
        channel; both are one member of a group. Raises ValueError without either, StoreUnavailable.
        """
        if account is None and author is None:
            raise ValueError("Say whom to forget: an account, an author, or both.")

        def erase(connection: Connection) -> Erasure:
            homes = _lock(connection, channel, account, author)
            releases = _releases(connection, _doomed(channel, account, author))
            return Erasure(_erase(connection, channel, account, author), homes, releases)

        erasure = await self._database.write(erase)
        await self._database.scrub()
        return erasure


def _lock(connection: Connection, channel: str, account: str | None, author: str | None) -> tuple[str, ...]:
    """Every conversation concerned, locked first as an answer's commit does, so that the two wait in line."""
    home = schema.conversation
    spoke = select(_doomed(channel, account, author).subquery().c.conversation)
    at_address = and_(home.c.channel == channel, home.c.account == account)
    concerned = home.c.id.in_(spoke) if author is not None else at_address
    rows = connection.execute(select(home.c.id).where(concerned).order_by(home.c.id).with_for_update())
    return tuple(rows.scalars())


def _releases(connection: Connection, doomed: Keys) -> tuple[str, ...]:
    release = schema.turn.c.release
    rows = connection.execute(
        select(release)
        .distinct()
        .where(_of(schema.turn.c.number, doomed), release.is_not(None))
        .order_by(release)
    )
    return tuple(rows.scalars())


def _erase(connection: Connection, channel: str, account: str | None, author: str | None) -> Counter[str]:
    """Rows erased, by kind."""
    doomed = _doomed(channel, account, author)
    counts: Counter[str] = Counter()
    for kind, statement in [
        ("feedback", delete(schema.feedback).where(_of(schema.feedback.c.turn, doomed))),
        ("feedback", delete(schema.feedback).where(_rated_by(channel, account, author))),
        ("hits", delete(schema.hit).where(_of(schema.hit.c.turn, doomed))),
        ("outbox", delete(schema.outbox).where(_of(schema.outbox.c.turn, doomed))),
        ("turns", delete(schema.turn).where(_of(schema.turn.c.number, doomed))),
        ("conversations", delete(schema.conversation).where(_home(channel, account, author))),
    ]:
        counts[kind] += (connection.execute(statement)).rowcount
    return counts


def _doomed(channel: str, account: str | None, author: str | None) -> Keys:
    """The person's turns and the answers to them; without an author, all that was said at the address."""
    spoken = schema.turn.alias("spoken")
    theirs = select(spoken.c.conversation, spoken.c.number).where(spoken.c.channel == channel)
    if account is not None:
        theirs = theirs.where(spoken.c.account == account)
    if author is not None:
        theirs = theirs.where(spoken.c.author == author)
    asked = schema.turn.alias("asked")
    return select(asked.c.conversation, asked.c.number).where(
        tuple_(asked.c.conversation, asked.c.asked).in_(theirs)
    )


def _of(number: Column[int], doomed: Keys) -> ColumnElement[bool]:
    """Whether a row, whose turn is in the column `number`, belongs to one of the `doomed` turns."""
    return tuple_(number.table.c.conversation, number).in_(doomed)


def _rated_by(channel: str, account: str | None, rater: str | None) -> ColumnElement[bool]:
    """What an author said of answers to other people, too."""
    home = schema.conversation.c
    there = select(home.id).where(home.channel == channel)
    if account is not None:
        there = there.where(home.account == account)
    return and_(schema.feedback.c.rater == rater, schema.feedback.c.conversation.in_(there))


def _home(channel: str, account: str | None, author: str | None) -> ColumnElement[bool]:
    """The conversations themselves go with the account; those of a group stay."""
    home = schema.conversation.c
    return false() if author is not None else and_(home.channel == channel, home.account == account)
