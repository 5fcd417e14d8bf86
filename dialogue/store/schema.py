"""The tables of a conversation: conversations, turns, passages and hits, the outbox, and feedback.

Turns are only appended. The conversation's row carries the counters, so that a turn costs the same however long the
conversation is (I6).
"""

import hashlib
from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)], "\ufffd")
"""NUL, which PostgreSQL rejects, and lone surrogates, which UTF-8 cannot encode."""

MAX_NAME_CHARACTERS = 255
"""PostgreSQL indexes rows of up to about 2,700 bytes, and one index holds two names."""
MAX_INTEGER = 2**31 - 1


class Prose(TypeDecorator[str]):
    """Text from people or models; characters that a database cannot store become U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.translate(UNSTORABLE)


class Name(Prose):
    """A channel's identifier of an account, message or person; one too long for an index ends in its digest."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        name = super().process_bind_param(value, dialect)
        if name is None or len(name) <= MAX_NAME_CHARACTERS:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()
        return f"{name[: MAX_NAME_CHARACTERS - len(digest)]}{digest}"


class Ordinal(TypeDecorator[int]):
    """A turn's number; numbers out of range, which clients may send, are clamped."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return None if value is None else max(0, min(value, MAX_INTEGER))


class Instant(TypeDecorator[datetime]):
    """A time in UTC, always timezone-aware; SQLite stores it as text that sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


metadata = MetaData()

conversation = Table(
    "conversation",
    metadata,
    Column("id", Name, primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("account", Name, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("language", Prose),
    Column("mode", String(8), nullable=False),
    Column("consent", Boolean, nullable=False),
    Column("state", JSON, nullable=False),
    Column("state_version", Integer, nullable=False),
    Column("last_turn", Ordinal, nullable=False),
    Column("claim_owner", Text),
    Column("claim_fence", Integer, nullable=False),
    Column("claim_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
Index("conversation_address", conversation.c.channel, conversation.c.account)
Index("conversation_touched", conversation.c.updated_at)
Index(
    "conversation_current",
    conversation.c.channel,
    conversation.c.account,
    unique=True,
    sqlite_where=conversation.c.current,
    postgresql_where=conversation.c.current,
)

turn = Table(
    "turn",
    metadata,
    Column("conversation", Name, ForeignKey("conversation.id"), primary_key=True),
    Column("number", Ordinal, primary_key=True, autoincrement=False),
    Column("role", String(16), nullable=False),
    Column("text", Prose, nullable=False),
    Column("channel", String(64), nullable=False),
    Column("account", Name, nullable=False),
    Column("external_id", Name),
    Column("author", Name),
    Column("language", Prose),
    Column("reference", Prose),
    Column("pending", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reply_to", Ordinal),
    Column("about", Ordinal),
    # The user turn that this turn belongs to. History is read in this order, because a second question may be
    # asked before the first is answered.
    Column("asked", Ordinal, Computed("coalesce(reply_to, number)", persisted=True), nullable=False),
    Column("query", Prose),
    Column("citations", JSON),
    Column("abstained", Boolean, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("release", Prose),
    Column("timings", JSON),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("channel", "account", "external_id", name="turn_inbound"),
    UniqueConstraint("conversation", "reply_to", name="turn_reply"),
)
Index("turn_asked", turn.c.conversation, turn.c.asked, turn.c.number)
Index(
    "turn_pending",
    turn.c.conversation,
    turn.c.number,
    sqlite_where=turn.c.pending,
    postgresql_where=turn.c.pending,
)
Index("turn_author", turn.c.channel, turn.c.author)

passage = Table(
    "passage",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("chunk", Prose, nullable=False),
    Column("title", Prose, nullable=False),
    Column("source", Prose, nullable=False),
    Column("text", Prose, nullable=False),
)

hit = Table(
    "hit",
    metadata,
    Column("conversation", Name, primary_key=True),
    Column("turn", Ordinal, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("chunk", Name, nullable=False),
    Column("passage", ForeignKey("passage.digest"), nullable=False),
    Column("score", Float, nullable=False),
    ForeignKeyConstraint(["conversation", "turn"], ["turn.conversation", "turn.number"]),
)
Index("hit_chunk", hit.c.conversation, hit.c.chunk, hit.c.turn)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("conversation", Name, nullable=False),
    Column("turn", Ordinal, nullable=False),
    Column("channel", String(64), nullable=False),
    Column("account", Name, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("taken_by", Text),
    Column("reason", Prose),
    Column("delivered", Boolean, nullable=False),
    Column("settled_at", Instant),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("conversation", "turn", name="outbox_turn"),
    ForeignKeyConstraint(["conversation", "turn"], ["turn.conversation", "turn.number"]),
)
unsettled = outbox.c.settled_at.is_(None)
Index("outbox_due", outbox.c.channel, outbox.c.due_at, sqlite_where=unsettled, postgresql_where=unsettled)
Index(
    "outbox_order", outbox.c.conversation, outbox.c.turn, sqlite_where=unsettled, postgresql_where=unsettled
)

feedback = Table(
    "feedback",
    metadata,
    Column("conversation", Name, primary_key=True),
    Column("turn", Ordinal, primary_key=True, autoincrement=False),
    Column("rater", Name, primary_key=True),
    Column("rating", String(8), nullable=False),
    Column("comment", Prose),
    Column("correction", Prose),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    ForeignKeyConstraint(["conversation", "turn"], ["turn.conversation", "turn.number"]),
)
Index("feedback_rater", feedback.c.rater)
Index("feedback_given", feedback.c.updated_at)
