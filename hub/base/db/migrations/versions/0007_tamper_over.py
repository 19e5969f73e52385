"""When what an alert was raised for was over, as far as its node says so."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it; of alerts about people nobody says so."""
    op.add_column("alerts", sa.Column("over_utc_us", sa.BigInteger(), nullable=True))
    op.add_column("alerts", sa.Column("over_error_ms", sa.BigInteger(), nullable=True))
