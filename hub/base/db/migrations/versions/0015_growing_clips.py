"""Clips that are shown while they are recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables beside the media."""
    op.create_table(
        "growing_clips",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("first_frame_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("first_frame_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("begun_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("begun_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("media_id", sa.Uuid(), nullable=True),
        sa.Column("beginning", sa.LargeBinary(), nullable=True),
        sa.Column("dropped", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="fk_growing_clips_node_id"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_growing_clips_camera_id"),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name="fk_growing_clips_media_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_growing_clips"),
    )
    op.create_index("ix_growing_clips_media_id", "growing_clips", ["media_id"])
    op.create_table(
        "growing_sightings",
        sa.Column("clip_id", sa.Uuid(), nullable=False),
        sa.Column("sighting_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clip_id"],
            ["growing_clips.id"],
            name="fk_growing_sightings_clip_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("clip_id", "sighting_id", name="pk_growing_sightings"),
    )
    op.create_index("ix_growing_sightings_sighting_id", "growing_sightings", ["sighting_id"])
