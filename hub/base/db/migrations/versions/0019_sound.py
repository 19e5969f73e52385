"""Sound: that it was asked for, and why a camera's is recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was asked for with sound before, and no camera's was recorded."""
    op.add_column("span_wishes", sa.Column("with_sound", sa.Boolean(), nullable=True))
    op.add_column("cameras", sa.Column("sound", sa.Text(), nullable=True))
