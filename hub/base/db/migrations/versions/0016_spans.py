"""Spans of time that were asked of nodes."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table beside the wishes for single files."""
    op.create_table(
        "span_wishes",
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("from_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("from_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("until_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("until_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("files", sa.Integer(), nullable=True),
        sa.Column("asked_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("asked_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("sent_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("sent_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("answered_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("answered_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_span_wishes_camera_id"),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name="fk_span_wishes_asked_by"),
        sa.PrimaryKeyConstraint("command_id", name="pk_span_wishes"),
    )
    op.create_index("ix_span_wishes_answered_utc_us", "span_wishes", ["answered_utc_us"])
