"""Nodes whose uploads wait because they are above their share of a short disk."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """When it was last so."""
    op.add_column("nodes", sa.Column("held_back_utc_us", sa.BigInteger(), nullable=True))
    op.add_column("nodes", sa.Column("held_back_error_ms", sa.BigInteger(), nullable=True))
