"""The daily sign of life of each phone, and when it was last heard of."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def upgrade() -> None:
    """No phone has been asked, and none has answered."""
    op.create_table(
        "phone_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("phone_id", sa.Uuid(), sa.ForeignKey("phones.id"), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *_moment("asked"),
        *_moment("due"),
        *_moment("lease_until", nullable=True),
        *_moment("answer_by"),
        sa.PrimaryKeyConstraint("id", name="pk_phone_checks"),
        sa.UniqueConstraint("phone_id", "day", name="uq_phone_checks_phone_id_day"),
    )
    op.create_index("ix_phone_checks_state_due", "phone_checks", ["state", "due_utc_us"])
    for column in _moment("heard", nullable=True):
        op.add_column("phones", column)
