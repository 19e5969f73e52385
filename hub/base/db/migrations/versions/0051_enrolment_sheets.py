"""Sheets of enrolment codes, made from one table."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables without rows."""
    op.create_table(
        "enrolment_sheets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_hash", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("made_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("ends_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("ends_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_error_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_enrolment_sheets"),
        sa.UniqueConstraint("submission_hash", name="uq_enrolment_sheets_submission_hash"),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name="fk_enrolment_sheets_made_by"),
    )
    op.create_table(
        "sheet_codes",
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("sheet_id", sa.Uuid(), nullable=False),
        sa.Column("positions", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("enrolment_id", name="pk_sheet_codes"),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolments.id"], name="fk_sheet_codes_enrolment_id"
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["enrolment_sheets.id"], name="fk_sheet_codes_sheet_id"
        ),
    )
    op.create_index("ix_sheet_codes_sheet_id", "sheet_codes", ["sheet_id"])
