"""What is wanted of nodes' settings, in which groups, and what the nodes answered."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
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
    """Nothing is wanted of any node: each works by its own file, as before."""
    op.create_table(
        "node_groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("area_id", "areas"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        *_moment("made"),
        sa.PrimaryKeyConstraint("id", name="pk_node_groups"),
        sa.UniqueConstraint("name_folded", name="uq_node_groups_name_folded"),
    )
    op.create_index("ix_node_groups_area_id", "node_groups", ["area_id"])
    op.create_table(
        "node_group_members",
        _link("group_id", "node_groups"),
        _link("node_id", "nodes"),
        sa.PrimaryKeyConstraint("group_id", "node_id", name="pk_node_group_members"),
    )
    op.create_index("ix_node_group_members_node_id", "node_group_members", ["node_id"])
    op.create_table(
        "settings_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        _link("changed_by", "people", nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        *_moment("changed"),
        sa.PrimaryKeyConstraint("id", name="pk_settings_changes"),
    )
    op.create_index("ix_settings_changes_scope_id", "settings_changes", ["scope_id", "id"])
    op.create_table(
        "node_settings",
        _link("node_id", "nodes"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        *_moment("wanted"),
        *_moment("sent", nullable=True),
        *_moment("reported", nullable=True),
        sa.PrimaryKeyConstraint("node_id", name="pk_node_settings"),
    )
    op.create_index("ix_node_settings_state", "node_settings", ["state", "sent_utc_us"])
