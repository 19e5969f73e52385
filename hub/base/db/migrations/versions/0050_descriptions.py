"""Descriptions of sightings in words, and indexes by which they are searched."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

COLUMNS = {
    "is_described": sa.Boolean,
    "upper_colour": sa.Text,
    "upper_colour_2": sa.Text,
    "lower_colour": sa.Text,
    "lower_colour_2": sa.Text,
    "transport": sa.Text,
    "transport_colour": sa.Text,
    "transport_colour_2": sa.Text,
    "group_people": sa.Integer,
    "height_cm": sa.Integer,
    "speed": sa.Text,
}
SEARCHED = [
    "upper_colour",
    "upper_colour_2",
    "lower_colour",
    "lower_colour_2",
    "transport",
    "transport_colour",
    "transport_colour_2",
    "group_people",
    "people",
    "speed",
]


def upgrade() -> None:
    """Empty for what was seen before: nobody said."""
    for name, kind in COLUMNS.items():
        op.add_column("sightings", sa.Column(name, kind))
    for name, first in (
        ("camera", ["camera_id", "first_seen_utc_us"]),
        ("time", ["first_seen_utc_us", "camera_id"]),
    ):
        op.create_index(
            f"ix_sightings_described_by_{name}",
            "sightings",
            [*first, *SEARCHED],
            sqlite_where=sa.text("is_described IS NOT NULL"),
            postgresql_where=sa.text("is_described IS NOT NULL"),
        )
