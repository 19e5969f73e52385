"""Refused messages are counted by node on every page that shows a camera: an index for it."""

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row changes."""
    op.create_index(
        "ix_set_aside_node_name_received_utc_us", "set_aside", ["node_name", "received_utc_us"]
    )
