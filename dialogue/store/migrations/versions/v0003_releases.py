"""Nothing now: the tables of releases used to be made here, and finetune makes them in its own migrations.

The revision stays, because existing databases are at it.
"""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
