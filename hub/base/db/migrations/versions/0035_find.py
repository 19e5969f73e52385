"""Which way somebody went, and whether they rode: for searches."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty for what was seen before: nobody said."""
    for name in ("came_x", "came_y", "went_x", "went_y"):
        op.add_column("sightings", sa.Column(name, sa.Float))
    op.add_column("sightings", sa.Column("rode", sa.Boolean))
