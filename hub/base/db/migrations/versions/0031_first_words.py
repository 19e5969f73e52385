"""First words are found without walking all that waits."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index of what waits, by moment."""
    op.create_index(
        "ix_notifications_state_moment_due", "notifications", ["state", "moment", "due_utc_us"]
    )
