"""Tips from people: what they say, who they are (sealed), their pictures, and the answers."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def _moment(name: str) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=False),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def _link(name: str, target: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{target}.id"), nullable=nullable)


def upgrade() -> None:
    """Nobody has sent one."""
    op.create_table(
        "tips",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("alert_id", "alerts"),
        _link("case_id", "cases", nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        _link("area_id", "areas", nullable=True),
        sa.Column("latitude_deg", sa.Float(), nullable=True),
        sa.Column("longitude_deg", sa.Float(), nullable=True),
        *_moment("happened"),
        *_moment("received"),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tips"),
        sa.UniqueConstraint("alert_id", name="uq_tips_alert_id"),
        sa.UniqueConstraint("code_hash", name="uq_tips_code_hash"),
    )
    op.create_index("ix_tips_case_id", "tips", ["case_id"])
    op.create_table(
        "tip_reporters",
        _link("tip_id", "tips"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tip_id", name="pk_tip_reporters"),
    )
    _pictures_and_answers()


def _pictures_and_answers() -> None:
    op.create_table(
        "tip_pictures",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("tip_id", "tips"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("shown", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("original", sa.LargeBinary(), nullable=False),
        sa.Column("original_sha256", sa.Text(), nullable=False),
        sa.Column("original_bytes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tip_pictures"),
    )
    op.create_index("ix_tip_pictures_tip_id", "tip_pictures", ["tip_id"])
    op.create_table(
        "tip_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("tip_id", "tips"),
        _link("person_id", "people"),
        sa.Column("answer", sa.Text(), nullable=False),
        *_moment("at"),
        sa.PrimaryKeyConstraint("id", name="pk_tip_answers"),
    )
    op.create_index("ix_tip_answers_tip_id", "tip_answers", ["tip_id"])
