"""Petitions: what persons concerned ask about data of theirs, and what was deleted for them."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
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
    """Nobody has asked for anything."""
    op.create_table(
        "petitions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        _link("area_id", "areas", nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        _link("taken_by", "people", nullable=True),
        *_moment("received"),
        *_moment("acknowledged", nullable=True),
        *_moment("proof_asked", nullable=True),
        *_moment("extended", nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        *_moment("answered", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_petitions"),
        sa.UniqueConstraint("number", name="uq_petitions_number"),
        sa.UniqueConstraint("code_hash", name="uq_petitions_code_hash"),
    )
    op.create_table(
        "petition_people",
        _link("petition_id", "petitions"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("petition_id", name="pk_petition_people"),
    )
    _acts_and_erasures()


def _acts_and_erasures() -> None:
    op.create_table(
        "petition_acts",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("petition_id", "petitions"),
        _link("person_id", "people"),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        *_moment("at"),
        sa.PrimaryKeyConstraint("id", name="pk_petition_acts"),
    )
    op.create_index("ix_petition_acts_petition_id", "petition_acts", ["petition_id"])
    op.create_table(
        "petition_erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("petition_id", "petitions"),
        _link("media_id", "media"),
        _link("person_id", "people"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_moment("marked"),
        *_moment("gone", nullable=True),
        sa.Column("others", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_petition_erasures"),
    )
    op.create_index("ix_petition_erasures_petition_id", "petition_erasures", ["petition_id"])
