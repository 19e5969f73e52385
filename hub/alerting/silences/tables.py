"""Table of silences; like `hub.base.db.columns`, the same on both databases."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text

from hub.base.db.columns import key, link, metadata, moment

silences = Table(
    "silences",
    metadata,
    key(),
    link("camera_id", "cameras"),
    Column("kind", Text),  # null: all kinds; never null if is_exact
    Column("zone", Text),
    Column("rule", Text),  # hub.alerting.silences.rules.NOT_CRITICAL: all but critical alerts
    Column("is_exact", Boolean, nullable=False),  # this very spot: null matches only null
    Column("reason", Text, nullable=False),
    link("made_by", "people", nullable=True),  # null: by the hub, as older versions did
    *moment("made"),
    *moment("until"),
    link("ended_by", "people", nullable=True),
    *moment("ended", nullable=True),
    Column("hits", Integer, nullable=False),  # sightings that it suppressed
    *moment("last_hit", nullable=True),
    Index("ix_silences_camera_id_until", "camera_id", "until_utc_us"),
)
