"""When what a tip said was removed, by its rule of keeping."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None was."""
    op.add_column("tips", sa.Column("removed_utc_us", sa.BigInteger(), nullable=True))
    op.add_column("tips", sa.Column("removed_error_ms", sa.BigInteger(), nullable=True))
