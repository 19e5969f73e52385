"""Indexes of the sightings with a rare colour, and of groups."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

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
    """Each holds about a quarter of the sightings or less."""
    is_group = sa.text("coalesce(group_people, people) >= 3")
    op.create_index(
        "ix_sightings_groups",
        "sightings",
        ["first_seen_utc_us", "camera_id", *SEARCHED],
        sqlite_where=is_group,
        postgresql_where=is_group,
    )
    for column in (one for one in SEARCHED if "colour" in one):
        is_rare = sa.text(f"{column} NOT IN ('black', 'grey', 'white', 'blue')")
        op.create_index(
            f"ix_sightings_rare_{column}",
            "sightings",
            [column, "first_seen_utc_us", "camera_id", *(one for one in SEARCHED if one != column)],
            sqlite_where=is_rare,
            postgresql_where=is_rare,
        )
