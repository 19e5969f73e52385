"""Seals of footage in cases, keys of boxes in the log, and time stamps over them."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Older lines of the log have no data: their hashes stay as they are."""
    op.add_column("audit", sa.Column("data", sa.Text(), nullable=True))
    op.create_table(
        "seal_checks",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("checked_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("checked_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name="fk_seal_checks_media_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("media_id", name="pk_seal_checks"),
    )
    op.create_table(
        "enrolment_stamps",
        sa.Column("papers_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("stamp", sa.LargeBinary(), nullable=False),
        sa.Column("roots", sa.Text(), nullable=False),
        sa.Column("stamped_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("stamped_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["papers_id"], ["node_papers.id"], name="fk_enrolment_stamps_papers_id"
        ),
        sa.PrimaryKeyConstraint("papers_id", name="pk_enrolment_stamps"),
    )
