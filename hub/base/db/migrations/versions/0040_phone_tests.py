"""Test alerts to the phones of whoever looks after a camera."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def upgrade() -> None:
    """None has been sent."""
    op.create_table(
        "phone_tests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), sa.ForeignKey("people.id"), nullable=False),
        sa.Column("phone_id", sa.Uuid(), sa.ForeignKey("phones.id"), nullable=False),
        sa.Column("camera_id", sa.Uuid(), sa.ForeignKey("cameras.id"), nullable=False),
        sa.Column("picture_age_ms", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *_moment("owed"),
        *_moment("due"),
        *_moment("lease_until", nullable=True),
        *_moment("answered", nullable=True),
        *_moment("shown", nullable=True),
        *_moment("opened", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_phone_tests"),
    )
    op.create_index("ix_phone_tests_state_due", "phone_tests", ["state", "due_utc_us"])
    op.create_index(
        "ix_phone_tests_person_camera",
        "phone_tests",
        ["person_id", "camera_id", "owed_utc_us"],
    )
