"""Storms: alerts that wake nobody and why, first words that wait and are told together."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there has no severity, no zone, and woke people; nothing of it is held."""
    for name in ("severity", "zone", "quiet_reason"):
        op.add_column("alerts", sa.Column(name, sa.Text(), nullable=True))
    for name in ("held_utc_us", "held_error_ms"):
        op.add_column("notifications", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("notifications", sa.Column("digest_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_notifications_phone_id_answered", "notifications", ["phone_id", "answered_utc_us"]
    )
    op.create_index("ix_notifications_digest_id", "notifications", ["digest_id"])
