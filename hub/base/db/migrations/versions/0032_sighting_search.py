"""Indexes by which sightings are searched: by time alone, and what is rare by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index by time for many cameras at once; small ones for alerts and for crowds."""
    columns = ["first_seen_utc_us", "camera_id"]
    op.create_index("ix_sightings_first_seen", "sightings", columns)
    for name, which in (("alerted", "alert_id IS NOT NULL"), ("crowds", "people >= 5")):
        op.create_index(
            f"ix_sightings_{name}",
            "sightings",
            columns,
            sqlite_where=sa.text(which),
            postgresql_where=sa.text(which),
        )
