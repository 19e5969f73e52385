"""How settings go out to many nodes in stages."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def _link(name: str, target: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{target}.id"), nullable=nullable)


def upgrade() -> None:
    """Nothing is going out."""
    op.create_table(
        "rollouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        _link("begun_by", "people", nullable=True),
        *_moment("begun"),
        *_moment("settled", nullable=True),
        *_moment("ended", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_rollouts"),
    )
    op.create_index("ix_rollouts_scope_id", "rollouts", ["scope_id"])
    op.create_index("ix_rollouts_course", "rollouts", ["course"])
    op.create_table(
        "rollout_nodes",
        _link("rollout_id", "rollouts"),
        _link("node_id", "nodes"),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("is_changed", sa.Boolean(), nullable=False),
        *_moment("told", nullable=True),
        *_moment("lost", nullable=True),
        sa.PrimaryKeyConstraint("rollout_id", "node_id", name="pk_rollout_nodes"),
    )
    op.create_index("ix_rollout_nodes_node_id", "rollout_nodes", ["node_id"])
