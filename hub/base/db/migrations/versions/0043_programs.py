"""Programs of nodes: bundles, and which is wanted of whom."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def upgrade() -> None:
    """None is here, and none wanted."""
    op.create_table(
        "program_bundles",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        *_moment("added"),
        sa.PrimaryKeyConstraint("sha256", name="pk_program_bundles"),
    )
    op.create_table(
        "node_programs",
        sa.Column("node_id", sa.Uuid(), sa.ForeignKey("nodes.id"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("may_be_older", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        *_moment("wanted"),
        *_moment("sent", nullable=True),
        *_moment("reported", nullable=True),
        sa.PrimaryKeyConstraint("node_id", name="pk_node_programs"),
    )
    op.create_index("ix_node_programs_state", "node_programs", ["state", "sent_utc_us"])
