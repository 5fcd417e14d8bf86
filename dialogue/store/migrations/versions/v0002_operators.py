"""Operators read the newest conversations and the newest ratings first: an index for each."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("conversation_touched", "conversation", ["updated_at"])
    op.create_index("feedback_given", "feedback", ["updated_at"])


def downgrade() -> None:
    op.drop_index("feedback_given", "feedback")
    op.drop_index("conversation_touched", "conversation")
