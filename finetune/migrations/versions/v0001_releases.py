"""Releases with their files, and which of them were active since when.

Databases made before finetune had its own migrations hold these tables already, so they are made only where missing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)
TABLES = ("promotion", "release_file", "release")


def upgrade() -> None:
    _release()
    _release_file()
    _promotion()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _release() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("tasks", sa.JSON, nullable=False),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("parent", sa.String(64), sa.ForeignKey("release.id")),
        sa.Column("dataset", sa.Text),
        sa.Column("metrics", sa.JSON, nullable=False),
        sa.Column("decision", sa.JSON),
        sa.Column("manifest", sa.JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        if_not_exists=True,
    )
    op.create_index("release_made", "release", ["created_at"], if_not_exists=True)


def _release_file() -> None:
    op.create_table(
        "release_file",
        sa.Column("release", sa.String(64), sa.ForeignKey("release.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )


def _promotion() -> None:
    op.create_table(
        "promotion",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("lineup", sa.JSON, nullable=False),
        sa.Column("parent", sa.Integer, sa.ForeignKey("promotion.number")),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        if_not_exists=True,
    )
