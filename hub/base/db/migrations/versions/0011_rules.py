"""Rules of a camera that an alert's people met."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alerts from before met none."""
    op.add_column("alerts", sa.Column("rules", sa.Text(), nullable=True))
