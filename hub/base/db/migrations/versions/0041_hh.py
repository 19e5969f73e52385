"""Households' cameras: registered with consent, asked from a case, and what they gave."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
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
    """Nobody has agreed to anything yet."""
    op.create_table(
        "households",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("area_id", "areas"),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("latitude_deg", sa.Float(), nullable=True),
        sa.Column("longitude_deg", sa.Float(), nullable=True),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("consent_version", sa.Text(), nullable=False),
        sa.Column("consent_text", sa.Text(), nullable=False),
        *_moment("consented"),
        _link("recorded_by", "people"),
        sa.Column("token_hash", sa.Text(), nullable=False),
        *_moment("withdrawn", nullable=True),
        _link("withdrawn_by", "people", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_households"),
        sa.UniqueConstraint("token_hash", name="uq_households_token_hash"),
    )
    op.create_index("ix_households_area_id", "households", ["area_id"])
    _requests()
    _clips()


def _requests() -> None:
    op.create_table(
        "household_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("household_id", "households"),
        _link("case_id", "cases"),
        _link("asked_by", "people"),
        sa.Column("why", sa.Text(), nullable=False),
        *_moment("since"),
        *_moment("until"),
        *_moment("asked"),
        *_moment("expires"),
        sa.Column("token_hash", sa.Text(), nullable=False),
        *_moment("ended", nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.Column("upload_id", sa.Uuid(), nullable=True),
        sa.Column("upload_bytes", sa.BigInteger(), nullable=True),
        sa.Column("upload_name", sa.Text(), nullable=True),
        sa.Column("upload_mark", sa.Text(), nullable=True),
        *_moment("sent", nullable=True),
        sa.Column("cut_from_ms", sa.Integer(), nullable=True),
        sa.Column("cut_until_ms", sa.Integer(), nullable=True),
        sa.Column("wrong", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_household_requests"),
        sa.UniqueConstraint("token_hash", name="uq_household_requests_token_hash"),
    )
    for column in ("household_id", "case_id"):
        op.create_index(f"ix_household_requests_{column}", "household_requests", [column])


def _clips() -> None:
    op.create_table(
        "household_clips",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("request_id", "household_requests"),
        _link("household_id", "households"),
        _link("case_id", "cases"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("came_sha256", sa.Text(), nullable=False),
        sa.Column("came_bytes", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("cut_from_ms", sa.Integer(), nullable=True),
        sa.Column("cut_until_ms", sa.Integer(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        *_moment("stored"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("is_marked", sa.Boolean(), nullable=False),
        *_moment("released", nullable=True),
        *_moment("removed", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_household_clips"),
    )
    for column in ("household_id", "case_id", "sha256"):
        op.create_index(f"ix_household_clips_{column}", "household_clips", [column])
