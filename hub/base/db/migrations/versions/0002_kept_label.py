"""What the keeper calls a camera, beside what its node calls it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it; until it is given, the node's word counts."""
    op.add_column("cameras", sa.Column("kept_label", sa.Text(), nullable=True))
