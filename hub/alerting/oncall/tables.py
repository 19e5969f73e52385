"""Tables of on-call rosters and escalation; like `hub.base.db.columns`, the same on both databases.

Days are ISO dates in the team's time zone (`teams.time_zone`); minutes count from midnight.
"""

from sqlalchemy import Column, ForeignKey, Integer, Table, Text, UniqueConstraint, Uuid

from hub.base.db.columns import key, link, metadata, moment

teams = Table(
    "teams",
    metadata,
    key(),
    link("area_id", "areas", index=True),  # its keepers look after the team
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    *moment("made"),
    *moment("ended", nullable=True),
)

team_people = Table(
    "team_people",
    metadata,
    Column("team_id", Uuid, ForeignKey("teams.id"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("people.id"), primary_key=True),
)

shifts = Table(
    "shifts",
    metadata,
    key(),
    link("team_id", "teams", index=True),
    Column("name", Text, nullable=False),
    Column("starts_minute", Integer, nullable=False),
    Column("ends_minute", Integer, nullable=False),  # if not after the start: of the next day
)

shift_people = Table(
    "shift_people",
    metadata,
    Column("shift_id", Uuid, ForeignKey("shifts.id", ondelete="CASCADE"), primary_key=True),
    Column("weekday", Integer, primary_key=True, autoincrement=False),  # Monday is 0
    Column("place", Integer, primary_key=True, autoincrement=False),  # 1 is called first
    link("person_id", "people"),
)

odd_days = Table(
    "odd_days",
    metadata,
    key(),
    Column("shift_id", Uuid, ForeignKey("shifts.id", ondelete="CASCADE"), nullable=False),
    Column("day", Text, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("shift_id", "day"),
)

odd_day_people = Table(
    "odd_day_people",
    metadata,
    Column("odd_day_id", Uuid, ForeignKey("odd_days.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    link("person_id", "people"),
)

stand_ins = Table(
    "stand_ins",
    metadata,
    key(),
    Column(
        "shift_id", Uuid, ForeignKey("shifts.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("day", Text, nullable=False),
    link("instead_of", "people"),
    link("person_id", "people"),
    Column("reason", Text, nullable=False),
    UniqueConstraint("shift_id", "day", "instead_of"),
)

plans = Table(
    "plans",
    metadata,
    key(),
    link("area_id", "areas"),
    Column("repeats", Integer, nullable=False),
    *moment("made"),
    UniqueConstraint("area_id"),
)

plan_steps = Table(
    "plan_steps",
    metadata,
    Column("plan_id", Uuid, ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 0
    Column("whom", Text, nullable=False),  # of hub.alerting.oncall.rules.escalation.StepRecipients
    link("team_id", "teams", nullable=True),
    Column("place", Integer),  # of a shift; 1 is called first
    Column("wait_s", Integer, nullable=False),
)
