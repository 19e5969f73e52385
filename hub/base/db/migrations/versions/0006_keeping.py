"""How long footage is kept, what is held, and what became of what was removed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rules and holds begin empty: everything is kept until somebody says otherwise."""
    op.create_table(
        "retention_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("footage_class", sa.Text(), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        *_moment("made", nullable=False),
        *_moment("ended"),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_retention_rules_area_id"),
        sa.PrimaryKeyConstraint("id", name="pk_retention_rules"),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("media_id", sa.Uuid(), nullable=True),
        sa.Column("alert_id", sa.Uuid(), nullable=True),
        sa.Column("camera_id", sa.Uuid(), nullable=True),
        *_moment("from"),
        *_moment("until"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=True),
        *_moment("placed", nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        *_moment("ended"),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_holds_media_id"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_holds_alert_id"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_holds_camera_id"),
        sa.ForeignKeyConstraint(["placed_by"], ["people.id"], name="fk_holds_placed_by"),
        sa.ForeignKeyConstraint(["ended_by"], ["people.id"], name="fk_holds_ended_by"),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.create_index("ix_holds_case_number", "holds", ["case_number"])
    for column in (
        *_moment("removed"),
        sa.Column("removed_why", sa.Text(), nullable=True),
        sa.Column("removed_rule_id", sa.Uuid(), nullable=True),
    ):
        op.add_column("media", column)
    is_stored = sa.text("stored_utc_us IS NOT NULL")
    op.create_index(
        "ix_media_stored_first_frame",
        "media",
        ["first_frame_utc_us"],
        sqlite_where=is_stored,
        postgresql_where=is_stored,
    )


def _moment(name: str, *, nullable: bool = True) -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )
