"""Messages of a node that its rate limit delayed."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was in one process's memory alone."""
    op.add_column("nodes", sa.Column("delayed_messages", sa.Integer(), nullable=True))
    op.add_column("nodes", sa.Column("delayed_utc_us", sa.BigInteger(), nullable=True))
    op.add_column("nodes", sa.Column("delayed_error_ms", sa.BigInteger(), nullable=True))
