"""Channels in each person's order, and which notification a person acted on."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has chosen an order yet."""
    op.add_column("people", sa.Column("channel_order", sa.Text(), nullable=True))
    for name in ("acknowledged_utc_us", "acknowledged_error_ms"):
        op.add_column("notifications", sa.Column(name, sa.BigInteger(), nullable=True))
