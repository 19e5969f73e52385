"""Cases: what belongs to one, and who works on it."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def _person(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.Uuid(), sa.ForeignKey("people.id"), nullable=nullable)


def upgrade() -> None:
    """There is no case yet; holds by case number stay what they are."""
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        _person("owner_id"),
        _person("opened_by"),
        *_moment("opened"),
        *_moment("ends", nullable=True),
        _person("closed_by", nullable=True),
        *_moment("closed", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("number", name="uq_cases_number"),
    )
    op.create_table(
        "case_members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        _person("person_id"),
        sa.Column("may_export", sa.Boolean(), nullable=False),
        _person("added_by"),
        *_moment("added"),
        *_moment("until", nullable=True),
        *_moment("ended", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_case_members"),
    )
    op.create_index("ix_case_members_case_id", "case_members", ["case_id"])
    op.create_index("ix_case_members_person_id", "case_members", ["person_id"])
    op.create_table(
        "case_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("media_id", sa.Uuid(), sa.ForeignKey("media.id"), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("is_marked", sa.Boolean(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        _person("added_by"),
        *_moment("added"),
        *_moment("removed", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_case_items"),
    )
    op.create_index("ix_case_items_case_id_media_id", "case_items", ["case_id", "media_id"])
