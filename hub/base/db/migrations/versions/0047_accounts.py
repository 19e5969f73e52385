"""Whether an account is closed, and whether a grant was revoked: as states, not as times."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was closed or revoked stays so."""
    op.add_column("people", sa.Column("state", sa.Text(), nullable=False, server_default="open"))
    op.add_column("grants", sa.Column("is_ended", sa.Boolean(), nullable=True))
    op.execute("UPDATE people SET state = 'closed' WHERE disabled_utc_us IS NOT NULL")
    op.execute("UPDATE grants SET is_ended = TRUE WHERE ended_by IS NOT NULL")
