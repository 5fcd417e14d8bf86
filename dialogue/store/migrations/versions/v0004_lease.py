"""Nothing now: the table of leases used to be made here, and finetune makes it in its own migrations.

The revision stays, because existing databases are at it.
"""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
