"""When two computers were last heard of under one node's name."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it."""
    op.add_column("nodes", sa.Column("rival_utc_us", sa.BigInteger(), nullable=True))
    op.add_column("nodes", sa.Column("rival_error_ms", sa.BigInteger(), nullable=True))
