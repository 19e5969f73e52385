"""The tables of alerts: sightings, alerts, their history and changes, and troubles."""

from typing import Final

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, Uuid, text

from hub.base.db.columns import IN_ORDER, Serial, key, link, metadata, moment

alerts = Table(
    "alerts",
    metadata,
    key(),
    link("camera_id", "cameras"),
    # `person`, `tamper_…`, or one of hub.alerting.monitoring.rules.troubles.
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),  # open, taken, resolved, false_alarm
    Column("people", Integer, nullable=False),  # the most at once; of a trouble: units still down
    Column("clock_source", Text, nullable=False),  # of the node's clock, when it was raised
    Column("revision", Integer, nullable=False),  # grows with every change
    Column("severity", Text),  # critical; null: normal
    Column("zone", Text),  # zone of the view; null: the whole; of broker_unheard: its address
    Column("quiet_reason", Text),  # why it rang no phone; null: it did
    link("picture_id", "media", nullable=True),
    link("clip_id", "media", nullable=True),
    *moment("began"),  # first frame of the first sighting
    *moment("confirmed"),  # the frame that confirmed it
    *moment("last_seen"),
    *moment("raised"),  # when the hub wrote it
    *moment("over", nullable=True),  # of a tampered view: when it is restored
    link("taken_by", "people", nullable=True),
    *moment("taken", nullable=True),
    link("closed_by", "people", nullable=True),
    *moment("closed", nullable=True),
    Column("offered_to", Uuid),  # a person: receiver of a hand-over not taken yet
    *moment("offered", nullable=True),
    Column("rules", Text),  # JSON: the camera rules that were met; null: none
    *moment("arrived", nullable=True),  # when its holder reported arrival
    Column("false_cause", Text),  # of hub.alerting.alerts.rules.lifecycle.CAUSES
    Column("rule_id", Uuid),  # an alert rule: its team is called first; null: as in the plan
    Index("ix_alerts_camera_id_kind_last_seen", "camera_id", "kind", "last_seen_utc_us"),
    Index("ix_alerts_state_raised_utc_us", "state", "raised_utc_us"),
    Index("ix_alerts_closed_utc_us", "closed_utc_us"),
)


_SEARCHED: Final = (
    "upper_colour",
    "upper_colour_2",
    "lower_colour",
    "lower_colour_2",
    "transport",
    "transport_colour",
    "transport_colour_2",
    "group_people",
    "people",
    "speed",
)
"""All that a description is searched by; with them in an index, the row is not read."""
COMMON_COLOURS: Final = ("black", "grey", "white", "blue")
"""Most clothes and vehicles: an index led by them would be large and save little."""


def _described(name: str, *first: str) -> Index:
    """An index of the described sightings alone."""
    return Index(
        name,
        *(*first, *_SEARCHED),
        sqlite_where=text("is_described IS NOT NULL"),
        postgresql_where=text("is_described IS NOT NULL"),
    )


GROUPS: Final = "coalesce(group_people, people) >= 3"
"""SQL condition: groups of so many people are rare, described or not."""


def rare_colour(column: str) -> str:
    """SQL condition: the column's colour is a rare one."""
    return f"{column} NOT IN ({', '.join(map(repr, COMMON_COLOURS))})"


def _rare(column: str) -> Index:
    """An index of the sightings with a rare colour in that column."""
    return Index(
        f"ix_sightings_rare_{column}",
        *(column, "first_seen_utc_us", "camera_id", *(one for one in _SEARCHED if one != column)),
        sqlite_where=text(rare_colour(column)),
        postgresql_where=text(rare_colour(column)),
    )


sightings = Table(
    "sightings",
    metadata,
    key(),  # the sighting id of the message
    link("camera_id", "cameras"),
    link("alert_id", "alerts", nullable=True, index=True),
    Column("object_kind", Text, nullable=False),
    Column("people", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("x0", Float, nullable=False),
    Column("y0", Float, nullable=False),
    Column("x1", Float, nullable=False),
    Column("y1", Float, nullable=False),
    *moment("first_seen"),
    *moment("confirmed"),
    *moment("last_seen"),
    *moment("closed", nullable=True),
    # First and last position of the feet, as shares of the picture.
    Column("came_x", Float),
    Column("came_y", Float),
    Column("went_x", Float),
    Column("went_y", Float),
    Column("rode", Boolean),  # on two wheels; null: unknown
    Column("left_by", Text),  # one of hub.registry.passing.SIDES; null: unknown
    # The node's description; null: unsure or unknown. Colours are those of agent.wire.description.
    Column("is_described", Boolean),  # true if the node sent any description; null: none
    Column("upper_colour", Text),  # of the upper clothing, the best first
    Column("upper_colour_2", Text),
    Column("lower_colour", Text),
    Column("lower_colour_2", Text),
    Column("transport", Text),  # foot, bicycle, motorbike
    Column("transport_colour", Text),
    Column("transport_colour_2", Text),
    Column("group_people", Integer),  # in the sighting's group or on its vehicle, 1 to 20
    Column("height_cm", Integer),  # 50 to 250; only of a calibrated camera
    Column("speed", Text),  # standing, walking, fast
    Index("ix_sightings_camera_id_first_seen", "camera_id", "first_seen_utc_us"),
    # For searches over many cameras, and for rare things among all sightings.
    Index("ix_sightings_first_seen", "first_seen_utc_us", "camera_id"),
    # For searches by description: without reading the row.
    _described("ix_sightings_described_by_camera", "camera_id", "first_seen_utc_us"),
    _described("ix_sightings_described_by_time", "first_seen_utc_us", "camera_id"),
    # For rare numbers and colours in a year of many cameras.
    Index(
        "ix_sightings_groups",
        *("first_seen_utc_us", "camera_id", *_SEARCHED),
        sqlite_where=text(GROUPS),
        postgresql_where=text(GROUPS),
    ),
    *(_rare(one) for one in _SEARCHED if "colour" in one),
    Index(
        "ix_sightings_alerted",
        "first_seen_utc_us",
        "camera_id",
        sqlite_where=text("alert_id IS NOT NULL"),
        postgresql_where=text("alert_id IS NOT NULL"),
    ),
    Index(
        "ix_sightings_crowds",
        "first_seen_utc_us",
        "camera_id",
        sqlite_where=text("people >= 5"),
        postgresql_where=text("people >= 5"),
    ),
)


troubles = Table(
    "troubles",
    metadata,
    Column("alert_id", Uuid, ForeignKey("alerts.id"), primary_key=True),
    Column("kind", Text, nullable=False),  # hub.alerting.alerts.rules.kinds.Kind
    link("node_id", "nodes", nullable=True),  # of camera_lost and node_silent
    link("area_id", "areas", nullable=True),  # of link_lost
    Column("boot_id", Uuid),  # boot of a silent node; the same later: it kept running
    *moment("over", nullable=True),  # null: not over, whatever people did with the alert
    Index("ix_troubles_over_utc_us", "over_utc_us"),
)


trouble_cameras = Table(
    "trouble_cameras",
    metadata,
    Column("alert_id", Uuid, ForeignKey("alerts.id"), primary_key=True),
    Column("camera_id", Uuid, ForeignKey("cameras.id"), primary_key=True),
    Column("is_dark", Boolean, nullable=False),
    Index("ix_trouble_cameras_camera_id", "camera_id"),
)


alert_history = Table(
    "alert_history",
    metadata,
    key(),
    link("alert_id", "alerts", index=True),
    Column("act", Text, nullable=False),  # raised, grown, picture, clip, taken, resolved, ...
    link("person_id", "people", nullable=True),
    Column("detail", Text, nullable=False),
    *moment("at"),
)


alert_changes = Table(
    "alert_changes",
    metadata,
    Column("cursor", Serial, primary_key=True, autoincrement=True),
    link("alert_id", "alerts"),
    link("camera_id", "cameras"),
    Column("revision", Integer, nullable=False),
    *moment("at"),
    info=IN_ORDER,  # pages ask for what is after the last cursor that they have seen
)
