"""Enrolments of nodes, the papers they were given, and nodes that were shut out."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
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
    """Nobody is being enrolled, and nobody is shut out; papers made by hand are not known here."""
    for column in _moment("revoked", nullable=True):
        op.add_column("nodes", column)
    op.add_column("nodes", sa.Column("revoked_why", sa.Text(), nullable=True))
    op.create_table(
        "enrolments",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("node_id", "nodes"),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("cameras", sa.Text(), nullable=False),
        _link("made_by", "people", nullable=True),
        *_moment("made"),
        *_moment("ends"),
        *_moment("used", nullable=True),
        *_moment("withdrawn", nullable=True),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_enrolments"),
        sa.UniqueConstraint("token_hash", name="uq_enrolments_token_hash"),
    )
    op.create_index("ix_enrolments_node_id", "enrolments", ["node_id"])
    op.create_table(
        "node_papers",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("node_id", "nodes"),
        _link("enrolment_id", "enrolments", nullable=True),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        *_moment("issued"),
        *_moment("ends"),
        *_moment("revoked", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_node_papers"),
        sa.UniqueConstraint("serial", name="uq_node_papers_serial"),
    )
    op.create_index("ix_node_papers_node_id", "node_papers", ["node_id"])
    op.create_index("ix_node_papers_enrolment_id", "node_papers", ["enrolment_id"])
