"""The tables of pictures and clips, finished and growing, and of requests for them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from hub.base.db.columns import key, link, metadata, moment

media = Table(
    "media",
    metadata,
    key(),
    link("node_id", "nodes"),
    link("camera_id", "cameras"),
    Column("kind", Text, nullable=False),  # picture, clip, sound
    Column("sha256", Text, nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("codec", Text, nullable=False),  # jpeg, h264, hevc
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    *moment("first_frame"),
    Column("duration_ms", BigInteger, nullable=False),  # 0 for a picture
    *moment("announced"),
    *moment("stored", nullable=True),  # null: not at the hub (not yet, or removed)
    Column("from_recorder", Boolean),  # from the camera's own recorder; null: no
    *moment("asked", nullable=True),  # time of the last request to its node
    *moment("removed", nullable=True),  # the hub had it before
    Column("removed_why", Text),  # rule, full, lost, asked
    Column("removed_rule_id", Uuid),  # a row of retention_rules, which is never deleted
    UniqueConstraint("node_id", "sha256"),
    Index("ix_media_stored_utc_us_announced_utc_us", "stored_utc_us", "announced_utc_us"),
    # Stored files only, by time: removed ones do not slow the search for more.
    Index(
        "ix_media_stored_first_frame",
        "first_frame_utc_us",
        sqlite_where=text("stored_utc_us IS NOT NULL"),
        postgresql_where=text("stored_utc_us IS NOT NULL"),
    ),
)


media_sightings = Table(
    "media_sightings",
    metadata,
    Column("media_id", Uuid, ForeignKey("media.id"), primary_key=True),
    Column("sighting_id", Uuid, primary_key=True),  # may be announced before its sighting is stored
    Index("ix_media_sightings_sighting_id", "sighting_id"),
)


growing_clips = Table(
    "growing_clips",
    metadata,
    key(),  # the clip id of the message
    link("node_id", "nodes"),
    link("camera_id", "cameras"),
    Column("codec", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    *moment("first_frame"),
    *moment("begun"),  # when the hub learned of it
    Column("media_id", Uuid, ForeignKey("media.id", ondelete="CASCADE"), index=True),  # once whole
    Column("beginning", LargeBinary),  # the first bytes of the whole file
    Column("dropped", Text),  # why it will never be complete
    Column("remains_id", Uuid, index=True),  # its media row, if salvaged as footage
)


growing_sightings = Table(
    "growing_sightings",
    metadata,
    Column("clip_id", Uuid, ForeignKey("growing_clips.id", ondelete="CASCADE"), primary_key=True),
    Column("sighting_id", Uuid, primary_key=True),
    Index("ix_growing_sightings_sighting_id", "sighting_id"),
)


span_wishes = Table(
    "span_wishes",
    metadata,
    Column("command_id", Uuid, primary_key=True),  # of the message
    link("camera_id", "cameras"),
    *moment("from"),
    *moment("until"),
    Column("reason", Text, nullable=False),
    link("asked_by", "people", nullable=True),  # null: the keeper's shell
    Column("files", Integer),  # number of files to come, as the node reports
    Column("with_sound", Boolean),  # null: no
    *moment("asked"),
    *moment("sent", nullable=True),  # when it was last sent to the node
    *moment("answered", nullable=True),
    Index("ix_span_wishes_answered_utc_us", "answered_utc_us"),
)


wishes = Table(
    "wishes",
    metadata,
    Column("media_id", Uuid, ForeignKey("media.id", ondelete="CASCADE"), primary_key=True),
    Column("command_id", Uuid, nullable=False, unique=True),  # of the message; new at each request
    link("person_id", "people"),
    *moment("asked"),
    *moment("sent", nullable=True),  # when it was last sent to the node
    *moment("answered", nullable=True),
    Column("answer", Text),  # coming, gone
    Index("ix_wishes_answered_utc_us", "answered_utc_us"),
)
