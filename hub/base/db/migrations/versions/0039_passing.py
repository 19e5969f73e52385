"""Where a camera looks, and by which side of its picture somebody left."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty for cameras nobody turned a compass to, and for what was seen before: nobody said."""
    op.add_column("cameras", sa.Column("bearing_deg", sa.Float))
    op.add_column("sightings", sa.Column("left_by", sa.Text))
