"""When an officer was at the place of an alert, and what a false one was."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody said that they had arrived, and no false alarm has a cause."""
    op.add_column("alerts", sa.Column("arrived_utc_us", sa.BigInteger(), nullable=True))
    op.add_column("alerts", sa.Column("arrived_error_ms", sa.BigInteger(), nullable=True))
    op.add_column("alerts", sa.Column("false_cause", sa.Text(), nullable=True))
