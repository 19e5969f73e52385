"""The map's background in the media store."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table without rows."""
    op.create_table(
        "map_ground",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text()),
        sa.Column("size_bytes", sa.BigInteger()),
        sa.Column("west_deg", sa.Float()),
        sa.Column("north_deg", sa.Float()),
        sa.Column("east_deg", sa.Float()),
        sa.Column("south_deg", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_map_ground"),
    )
