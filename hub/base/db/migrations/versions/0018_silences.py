"""Silences, and alerts that are being handed over."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def upgrade() -> None:
    """Nothing is silenced, and nothing is handed over."""
    op.create_table(
        "silences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), sa.ForeignKey("cameras.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("is_exact", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), sa.ForeignKey("people.id"), nullable=True),
        *_moment("made"),
        *_moment("until"),
        sa.Column("ended_by", sa.Uuid(), sa.ForeignKey("people.id"), nullable=True),
        *_moment("ended", nullable=True),
        sa.Column("hits", sa.Integer(), nullable=False),
        *_moment("last_hit", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_silences"),
    )
    op.create_index("ix_silences_camera_id_until", "silences", ["camera_id", "until_utc_us"])
    op.add_column("alerts", sa.Column("offered_to", sa.Uuid(), nullable=True))
    for column in _moment("offered", nullable=True):
        op.add_column("alerts", column)
