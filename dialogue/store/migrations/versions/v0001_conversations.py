"""The first tables: conversations, turns, what they were grounded on, the outbox, and feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)
WAITING = sa.text("settled_at IS NULL")
TABLES = ("feedback", "outbox", "hit", "passage", "turn", "conversation")


def upgrade() -> None:
    _conversation()
    _turn()
    _passage()
    _hit()
    _outbox()
    _feedback()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _conversation() -> None:
    op.create_table(
        "conversation",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("consent", sa.Boolean, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("state_version", sa.Integer, nullable=False),
        sa.Column("last_turn", sa.Integer, nullable=False),
        sa.Column("claim_owner", sa.Text),
        sa.Column("claim_fence", sa.Integer, nullable=False),
        sa.Column("claim_until", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
    )
    op.create_index("conversation_address", "conversation", ["channel", "account"])
    op.create_index(
        "conversation_current",
        "conversation",
        ["channel", "account"],
        unique=True,
        sqlite_where=sa.text("current = 1"),
        postgresql_where=sa.text("current"),
    )


def _turn() -> None:
    op.create_table(
        "turn",
        sa.Column("conversation", sa.Text, sa.ForeignKey("conversation.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("author", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("pending", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reply_to", sa.Integer),
        sa.Column(
            "asked", sa.Integer, sa.Computed("coalesce(reply_to, number)", persisted=True), nullable=False
        ),
        sa.Column("query", sa.Text),
        sa.Column("citations", sa.JSON),
        sa.Column("abstained", sa.Boolean, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        sa.Column("release", sa.Text),
        sa.Column("timings", sa.JSON),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.UniqueConstraint("channel", "account", "external_id", name="turn_inbound"),
        sa.UniqueConstraint("conversation", "reply_to", name="turn_reply"),
    )
    op.create_index("turn_asked", "turn", ["conversation", "asked", "number"])
    op.create_index(
        "turn_pending",
        "turn",
        ["conversation", "number"],
        sqlite_where=sa.text("pending = 1"),
        postgresql_where=sa.text("pending"),
    )
    op.create_index("turn_author", "turn", ["channel", "author"])


def _passage() -> None:
    op.create_table(
        "passage",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("chunk", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )


def _hit() -> None:
    op.create_table(
        "hit",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("chunk", sa.Text, nullable=False),
        sa.Column("passage", sa.String(64), sa.ForeignKey("passage.digest"), nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["conversation", "turn"], ["turn.conversation", "turn.number"]),
    )
    op.create_index("hit_chunk", "hit", ["conversation", "chunk", "turn"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("conversation", sa.Text, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("taken_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("delivered", sa.Boolean, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.UniqueConstraint("conversation", "turn", name="outbox_turn"),
        sa.ForeignKeyConstraint(["conversation", "turn"], ["turn.conversation", "turn.number"]),
    )
    op.create_index(
        "outbox_due", "outbox", ["channel", "due_at"], sqlite_where=WAITING, postgresql_where=WAITING
    )
    op.create_index(
        "outbox_order", "outbox", ["conversation", "turn"], sqlite_where=WAITING, postgresql_where=WAITING
    )


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rater", sa.Text, primary_key=True),
        sa.Column("rating", sa.String(8), nullable=False),
        sa.Column("comment", sa.Text),
        sa.Column("correction", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["conversation", "turn"], ["turn.conversation", "turn.number"]),
    )
    op.create_index("feedback_rater", "feedback", ["rater"])
