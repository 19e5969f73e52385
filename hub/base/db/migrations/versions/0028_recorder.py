"""What nodes fetched from cameras' own recorders."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was fetched before."""
    op.add_column("media", sa.Column("from_recorder", sa.Boolean(), nullable=True))
