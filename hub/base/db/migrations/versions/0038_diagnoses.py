"""Files of how a node is, asked for by who looks after it."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def upgrade() -> None:
    """Nobody asked for any."""
    op.create_table(
        "diagnoses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("node_id", sa.Uuid(), sa.ForeignKey("nodes.id"), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), sa.ForeignKey("people.id"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        *_moment("asked"),
        *_moment("until"),
        *_moment("sent", nullable=True),
        *_moment("ended", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_diagnoses"),
        sa.UniqueConstraint("command_id", name="uq_diagnoses_command_id"),
    )
    op.create_index("ix_diagnoses_node_id", "diagnoses", ["node_id", "id"])
    op.create_index("ix_diagnoses_state", "diagnoses", ["state", "sent_utc_us"])
