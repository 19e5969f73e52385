"""Table of the rules that say who must know; like `hub.base.db.columns`, the same on both
databases.

Days are ISO dates. Minutes count from midnight in `time_zone`. A rule is never changed.
"""

from sqlalchemy import Column, Index, Integer, Table, Text, Uuid

from hub.base.db.columns import key, link, metadata, moment

alert_rules = Table(
    "alert_rules",
    metadata,
    key(),
    link("area_id", "areas", nullable=True),  # one of the two is set
    link("camera_id", "cameras", nullable=True),
    Column("kind", Text),  # of hub.alerting.routing.rules.KINDS; null: any kind
    Column("zone", Text),  # or a line; null: the whole view
    Column("weekdays", Integer, nullable=False),  # bits, Monday is 1
    Column("starts_minute", Integer, nullable=False),
    Column("ends_minute", Integer, nullable=False),  # if not after the start: of the next day
    Column("from_day", Text),
    Column("until_day", Text),
    Column("time_zone", Text, nullable=False),
    Column("tells", Text, nullable=False),  # of hub.alerting.routing.rules.RuleRecipients
    link("team_id", "teams", nullable=True),
    Column("wait_s", Integer, nullable=False),
    Column("urgency", Text, nullable=False),  # of hub.alerting.routing.rules.Urgency
    Column("reason", Text, nullable=False),
    link("made_by", "people", nullable=True),
    *moment("made"),
    Column("ended_by", Uuid),  # of people
    *moment("ended", nullable=True),
    Index("ix_alert_rules_area_id", "area_id"),
    Index("ix_alert_rules_camera_id", "camera_id"),
)
