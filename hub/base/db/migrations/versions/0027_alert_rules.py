"""Rules that say who must know, and which of them an alert follows."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def upgrade() -> None:
    """There is no rule so far: everybody is told who may know."""
    op.create_table(
        "alert_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), sa.ForeignKey("areas.id"), nullable=True),
        sa.Column("camera_id", sa.Uuid(), sa.ForeignKey("cameras.id"), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("weekdays", sa.Integer(), nullable=False),
        sa.Column("starts_minute", sa.Integer(), nullable=False),
        sa.Column("ends_minute", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Text(), nullable=True),
        sa.Column("until_day", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("tells", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Uuid(), sa.ForeignKey("teams.id"), nullable=True),
        sa.Column("wait_s", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), sa.ForeignKey("people.id"), nullable=True),
        *_moment("made"),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        *_moment("ended", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alert_rules"),
    )
    op.create_index("ix_alert_rules_area_id", "alert_rules", ["area_id"])
    op.create_index("ix_alert_rules_camera_id", "alert_rules", ["camera_id"])
    op.add_column("alerts", sa.Column("rule_id", sa.Uuid(), nullable=True))
