"""Who is on duty, and whom an alert calls next."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def _link(name: str, target: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{target}.id"), nullable=nullable)


def _owned(name: str, target: str) -> "sa.Column[object]":
    """Goes when its owner goes."""
    owner = sa.ForeignKey(f"{target}.id", ondelete="CASCADE")
    return sa.Column(name, sa.Uuid(), owner, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def _key() -> "sa.Column[object]":
    return sa.Column("id", sa.Uuid(), nullable=False)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=nullable, autoincrement=False)


def upgrade() -> None:
    """No area has a plan: everybody is told at once, as before."""
    _teams()
    _exceptions()
    _plans()


def _teams() -> None:
    op.create_table(
        "teams",
        _key(),
        _link("area_id", "areas"),
        _text("name"),
        _text("time_zone"),
        *_moment("made"),
        *_moment("ended", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
    )
    op.create_index("ix_teams_area_id", "teams", ["area_id"])
    op.create_table(
        "team_people",
        _link("team_id", "teams"),
        _link("person_id", "people"),
        sa.PrimaryKeyConstraint("team_id", "person_id", name="pk_team_people"),
    )
    op.create_table(
        "shifts",
        _key(),
        _link("team_id", "teams"),
        _text("name"),
        _number("starts_minute"),
        _number("ends_minute"),
        sa.PrimaryKeyConstraint("id", name="pk_shifts"),
    )
    op.create_index("ix_shifts_team_id", "shifts", ["team_id"])
    op.create_table(
        "shift_people",
        _owned("shift_id", "shifts"),
        _number("weekday"),
        _number("place"),
        _link("person_id", "people"),
        sa.PrimaryKeyConstraint("shift_id", "weekday", "place", name="pk_shift_people"),
    )


def _exceptions() -> None:
    op.create_table(
        "odd_days",
        _key(),
        _owned("shift_id", "shifts"),
        _text("day"),
        _text("reason"),
        sa.PrimaryKeyConstraint("id", name="pk_odd_days"),
        sa.UniqueConstraint("shift_id", "day", name="uq_odd_days_shift_id_day"),
    )
    op.create_table(
        "odd_day_people",
        _owned("odd_day_id", "odd_days"),
        _number("place"),
        _link("person_id", "people"),
        sa.PrimaryKeyConstraint("odd_day_id", "place", name="pk_odd_day_people"),
    )
    op.create_table(
        "stand_ins",
        _key(),
        _owned("shift_id", "shifts"),
        _text("day"),
        _link("instead_of", "people"),
        _link("person_id", "people"),
        _text("reason"),
        sa.PrimaryKeyConstraint("id", name="pk_stand_ins"),
        sa.UniqueConstraint(
            "shift_id", "day", "instead_of", name="uq_stand_ins_shift_id_day_instead_of"
        ),
    )
    op.create_index("ix_stand_ins_shift_id", "stand_ins", ["shift_id"])


def _plans() -> None:
    op.create_table(
        "plans",
        _key(),
        _link("area_id", "areas"),
        _number("repeats"),
        *_moment("made"),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
        sa.UniqueConstraint("area_id", name="uq_plans_area_id"),
    )
    op.create_table(
        "plan_steps",
        _owned("plan_id", "plans"),
        _number("number"),
        _text("whom"),
        _link("team_id", "teams", nullable=True),
        _number("place", nullable=True),
        _number("wait_s"),
        sa.PrimaryKeyConstraint("plan_id", "number", name="pk_plan_steps"),
    )
    op.create_table(
        "escalations",
        _link("alert_id", "alerts"),
        _number("number"),
        _number("wait_s", nullable=True),
        *_moment("due", nullable=True),
        sa.PrimaryKeyConstraint("alert_id", name="pk_escalations"),
    )
    op.create_index("ix_escalations_due_utc_us", "escalations", ["due_utc_us"])
