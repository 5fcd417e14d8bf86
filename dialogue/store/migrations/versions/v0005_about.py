"""A user turn may reply to an earlier turn than the one before it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("turn", sa.Column("about", sa.Integer))


def downgrade() -> None:
    with op.batch_alter_table("turn") as turn:
        turn.drop_column("about")
