"""Notices to people, by which ways an area is told, and what was delivered."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
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
    """No area has a way to its people, and nothing was said."""
    _ways_and_notices()
    _files_and_sendings()


def _ways_and_notices() -> None:
    op.create_table(
        "notice_ways",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("area_id", "areas"),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        *_moment("made"),
        *_moment("ended", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notice_ways"),
    )
    op.create_index("ix_notice_ways_area_id", "notice_ways", ["area_id"])
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("area_id", "areas"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _link("made_by", "people"),
        *_moment("made"),
        *_moment("sent", nullable=True),
        *_moment("until", nullable=True),
        _link("withdrawn_by", "people", nullable=True),
        *_moment("withdrawn", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_area_id", "notices", ["area_id"])
    op.create_index("ix_notices_state_sent", "notices", ["state", "sent_utc_us"])


def _files_and_sendings() -> None:
    op.create_table(
        "notice_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("notice_id", "notices"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice_files"),
        sa.UniqueConstraint("notice_id", "kind", name="uq_notice_files_notice_id_kind"),
    )
    op.create_table(
        "notice_sendings",
        sa.Column("id", sa.Uuid(), nullable=False),
        _link("notice_id", "notices"),
        _link("way_id", "notice_ways"),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *_moment("owed"),
        *_moment("due"),
        *_moment("lease_until", nullable=True),
        *_moment("answered", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notice_sendings"),
        sa.UniqueConstraint(
            "notice_id", "way_id", "word", name="uq_notice_sendings_notice_id_way_id_word"
        ),
    )
    op.create_index("ix_notice_sendings_state_due", "notice_sendings", ["state", "due_utc_us"])
