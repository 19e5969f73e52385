"""The clock that several processes share."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table without rows."""
    op.create_table(
        "hub_clock",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("untaken_us", sa.BigInteger(), nullable=False),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hub_clock"),
    )
