"""What is left of clips whose node never ended them is kept like other footage."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was taken into the clip store before."""
    op.add_column("growing_clips", sa.Column("remains_id", sa.Uuid(), nullable=True))
    op.create_index("ix_growing_clips_remains_id", "growing_clips", ["remains_id"])
