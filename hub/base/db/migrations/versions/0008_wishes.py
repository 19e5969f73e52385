"""Wishes: footage that a person asked its node for."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table beside the media."""
    op.create_table(
        "wishes",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("asked_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("asked_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("sent_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("sent_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("answered_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("answered_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name="fk_wishes_media_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_wishes_person_id"),
        sa.PrimaryKeyConstraint("media_id", name="pk_wishes"),
        sa.UniqueConstraint("command_id", name="uq_wishes_command_id"),
    )
    op.create_index("ix_wishes_answered_utc_us", "wishes", ["answered_utc_us"])
