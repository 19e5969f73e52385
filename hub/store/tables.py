"""Every table of the hub, the same on SQLite and PostgreSQL.

Keys are UUIDv7 and so ordered by time: with random text keys the same database was several times
slower. Every moment has two columns, `*_utc_us` (microseconds since 1970, UTC) and `*_error_ms`
(maximum error; null: not verified), made by `moment()` and filled by `columns()`.
"""

import itertools
import secrets
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from agent.wire.ident import uuid7
from hub.alerts.moment import Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite generates numbers only in a column declared INTEGER."""


def key() -> Column[object]:
    return Column("id", Uuid, primary_key=True)


def link(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[object]:
    return Column(name, Uuid, ForeignKey(f"{target}.id"), nullable=nullable, index=index)


def moment(name: str, *, nullable: bool = False) -> tuple[Column[int], Column[int]]:
    """The pair of columns of one moment."""
    return (
        Column(f"{name}_utc_us", BigInteger, nullable=nullable),
        Column(f"{name}_error_ms", BigInteger, nullable=True),
    )


def columns(name: str, moment: Moment | None) -> dict[str, int | None]:
    """The values of both columns of one moment; None clears them."""
    if moment is None:
        return {f"{name}_utc_us": None, f"{name}_error_ms": None}
    return {f"{name}_utc_us": moment.utc_us, f"{name}_error_ms": moment.error_ms}


_made = itertools.count()


def new_id(now: Moment) -> UUID:
    """A key that sorts by time, and within one moment in order of creation."""
    number = (next(_made) % 2**30).to_bytes(4)
    return uuid7(now.utc_us, b"\0\0" + number + secrets.token_bytes(4))


areas = Table(
    "areas",
    metadata,
    key(),
    link("parent_id", "areas", nullable=True, index=True),
    Column("level", Text, nullable=False),  # province, quarter, street, junction …: free text
    Column("name", Text, nullable=False),
    Column("name_folded", Text, nullable=False, index=True),  # without diacritics, lower case
    *moment("valid_from"),
    *moment("valid_until", nullable=True),
)

nodes = Table(
    "nodes",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),
    link("area_id", "areas"),
    Column("state", Text, nullable=False),  # never, online, offline
    Column("birth_id", Uuid),
    Column("boot_id", Uuid),
    Column("spool_id", Uuid),
    Column("software", Text),
    *moment("state_since"),
    *moment("seen", nullable=True),
    *moment("rival", nullable=True),  # when two computers last used this name
    Column("unrecorded_why", Text),  # held, room, folder: reason for no recording, if so
    *moment("unrecorded", nullable=True),
    *moment("revoked", nullable=True),  # when its access was withdrawn
    Column("revoked_why", Text),
)

cameras = Table(
    "cameras",
    metadata,
    key(),
    link("node_id", "nodes"),
    Column("name", Text, nullable=False),  # the node's name for it
    Column("label", Text, nullable=False),  # the name for people
    link("area_id", "areas", index=True),
    Column("latitude_deg", Float),
    Column("longitude_deg", Float),
    Column("bearing_deg", Float),  # viewing direction, 0 to 360, clockwise from north
    Column("codec", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("frames_per_s", Float),
    Column("sound", Text),  # reason for sound recording; null: no sound
    Column("is_lost", Boolean, nullable=False),
    Column("lost_reason", Text),
    *moment("state_since"),
    Column("kept_label", Text),  # set by the keeper: then no birth message changes the label
    UniqueConstraint("node_id", "name"),
)

people = Table(
    "people",
    metadata,
    key(),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("password_hash", Text, nullable=False),  # argon2id
    *moment("created"),
    *moment("disabled", nullable=True),  # when the account was last closed; `state` decides
    Column("channel_order", Text),  # as in hub.alerts.channels; null: the hub's default
    Column("state", Text, nullable=False, server_default="open"),  # of hub.store.account_state
)

grants = Table(
    "grants",
    metadata,
    key(),
    link("person_id", "people", index=True),
    link("area_id", "areas", nullable=True),
    link("camera_id", "cameras", nullable=True),
    Column("rights", Integer, nullable=False),  # bits of hub.alerts.grants.Right
    *moment("starts"),
    *moment("ends", nullable=True),
    *moment("history_from", nullable=True),
    Column("reason", Text, nullable=False),
    link("granted_by", "people", nullable=True),
    Column("from_grant_id", Uuid, index=True),  # a grant; ends together with it; null: independent
    Column("ended_by", Uuid),  # a person who revoked it; null: it expired, or the shell did
    Column("is_ended", Boolean),  # revoked: invalid whatever the clock says; null: no
)

sessions = Table(
    "sessions",
    metadata,
    key(),
    Column("token_hash", Text, nullable=False, unique=True),  # sha256 of the cookie
    Column("csrf", Text, nullable=False),
    link("person_id", "people", index=True),
    *moment("created"),
    *moment("seen"),
    *moment("ends"),
    Column("agent", Text),  # the browser's user agent
    Column("came_from", Text),  # the network address at sign-in
    *moment("proved", nullable=True),  # when the person last gave password or passkey
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    key(),
    Column("login", Text, nullable=False, index=True),  # as typed, normalized; known or not
    Column("came_from", Text, nullable=False),
    *moment("at"),
)

events = Table(
    "events",
    metadata,
    key(),  # the event id of the message
    link("node_id", "nodes"),
    Column("spool_id", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("boot_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    link("camera_id", "cameras", nullable=True),
    Column("sighting_id", Uuid, index=True),  # its sighting or tampering, stored or not
    *moment("happened"),  # node time; if not verified: time of receipt minus age
    Column("clock_source", Text, nullable=False),
    Column("age_ms", BigInteger),
    Column("uptime_ms", BigInteger),  # of its boot, at the event
    *moment("received"),
    Column("body", Text, nullable=False),  # the body of the message, JSON
    Column("fate", Text, nullable=False),  # a hub.store.news.Fate
    Column("fate_reason", Text, nullable=False),
    UniqueConstraint("node_id", "spool_id", "seq"),
    Index("ix_events_node_id_boot_id", "node_id", "boot_id"),
)

dropped_numbers = Table(
    "dropped_numbers",
    metadata,
    key(),
    link("node_id", "nodes"),
    Column("spool_id", Uuid, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    *moment("said"),
)

node_health = Table(
    "node_health",
    metadata,
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True),
    *moment("received"),
    Column("body", Text, nullable=False),  # the last Health message, JSON
)

health_history = Table(
    "health_history",
    metadata,
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True),
    Column("received_utc_us", BigInteger, primary_key=True, autoincrement=False),
    Column("received_error_ms", BigInteger),
    Column("body", Text, nullable=False),
)

boot_clocks = Table(
    "boot_clocks",
    metadata,
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True),
    Column("boot_id", Uuid, primary_key=True),
    Column("uptime_ms", BigInteger, nullable=False),
    *moment("said"),  # the first verified time of the boot
)

missing_numbers = Table(
    "missing_numbers",
    metadata,
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True),
    Column("spool_id", Uuid, primary_key=True),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("asks", Integer, nullable=False),
    *moment("noticed"),
    *moment("due", nullable=True),  # null: the limit of requests is reached
    Index("ix_missing_numbers_due_utc_us", "due_utc_us"),
)

set_aside = Table(
    "set_aside",
    metadata,
    key(),
    Column("topic", Text, nullable=False),
    Column("node_name", Text),
    Column("event_id", Uuid),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),  # the first 64 KiB
    *moment("received"),
)

alerts = Table(
    "alerts",
    metadata,
    key(),
    link("camera_id", "cameras"),
    Column("kind", Text, nullable=False),  # person, tamper_…, or one of hub.alerts.troubles
    Column("state", Text, nullable=False),  # open, taken, resolved, false_alarm
    Column("people", Integer, nullable=False),  # the most at once; of a trouble: units still down
    Column("clock_source", Text, nullable=False),  # of the node's clock, when it was raised
    Column("revision", Integer, nullable=False),  # grows with every change
    Column("severity", Text),  # critical; null: normal
    Column("zone", Text),  # zone of the view; null: the whole
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
    Column("false_cause", Text),  # of hub.alerts.alert.CAUSES
    Column("rule_id", Uuid),  # an alert rule: its team is called first; null: as in the plan
    Index("ix_alerts_camera_id_kind_last_seen", "camera_id", "kind", "last_seen_utc_us"),
    Index("ix_alerts_state_raised_utc_us", "state", "raised_utc_us"),
    Index("ix_alerts_closed_utc_us", "closed_utc_us"),
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
    Column("left_by", Text),  # one of hub.alerts.passing.SIDES; null: unknown
    Index("ix_sightings_camera_id_first_seen", "camera_id", "first_seen_utc_us"),
    # For searches over many cameras, and for rare things among all sightings.
    Index("ix_sightings_first_seen", "first_seen_utc_us", "camera_id"),
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

retention_rules = Table(
    "retention_rules",
    metadata,
    key(),
    link("area_id", "areas", nullable=True),  # null: all areas without a rule
    Column("footage_class", Text, nullable=False),  # sighting, alert
    Column("keep_days", Integer),  # null: forever
    Column("reason", Text, nullable=False),
    *moment("made"),
    *moment("ended", nullable=True),
)

holds = Table(
    "holds",
    metadata,
    key(),
    Column("case_number", Text, nullable=False, index=True),
    link("media_id", "media", nullable=True),  # one of the three
    link("alert_id", "alerts", nullable=True),
    link("camera_id", "cameras", nullable=True),
    *moment("from", nullable=True),  # of a camera's footage
    *moment("until", nullable=True),
    Column("reason", Text, nullable=False),
    link("placed_by", "people", nullable=True),  # null: the keeper's shell
    *moment("placed"),
    link("ended_by", "people", nullable=True),
    Column("end_reason", Text),
    *moment("ended", nullable=True),
)

media_sightings = Table(
    "media_sightings",
    metadata,
    Column("media_id", Uuid, ForeignKey("media.id"), primary_key=True),
    Column("sighting_id", Uuid, primary_key=True),  # may be announced before its sighting is stored
    Index("ix_media_sightings_sighting_id", "sighting_id"),
)

node_holds = Table(
    "node_holds",
    metadata,
    Column("hold_id", Uuid, ForeignKey("holds.id"), primary_key=True),
    link("camera_id", "cameras"),
    Column("command_id", Uuid, nullable=False, unique=True),  # of the message; new at each change
    Column("said", Text, nullable=False),  # content of the message, JSON
    Column("is_release", Boolean, nullable=False),
    Column("files", Integer),  # number of files under hold, as the node reports
    *moment("sent"),  # when it was last sent or checked
    *moment("answered", nullable=True),
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

troubles = Table(
    "troubles",
    metadata,
    Column("alert_id", Uuid, ForeignKey("alerts.id"), primary_key=True),
    Column("kind", Text, nullable=False),  # hub.alerts.troubles.Kind
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
)

phones = Table(
    "phones",
    metadata,
    key(),
    link("person_id", "people", index=True),
    Column("channel", Text, nullable=False),  # webpush, ntfy, or another channel of the hub
    Column("address", Text, nullable=False, unique=True),  # push endpoint or topic URL
    Column("secrets", Text, nullable=False),  # JSON: p256dh and auth, or an access token
    Column("label", Text, nullable=False),
    *moment("created"),
    *moment("gone", nullable=True),
    Column("gone_reason", Text),
    *moment("heard", nullable=True),  # time of the last receipt for a displayed push
)

notifications = Table(
    "notifications",
    metadata,
    key(),
    link("alert_id", "alerts", index=True),
    link("person_id", "people"),
    link("phone_id", "phones"),
    Column("moment", Text, nullable=False),  # opened, grown, taken
    Column("state", Text, nullable=False),  # queued, accepted, folded, dropped, dead
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_by", Text),
    *moment("owed"),
    *moment("due"),
    *moment("lease_until", nullable=True),
    *moment("answered", nullable=True),
    *moment("shown", nullable=True),
    *moment("opened", nullable=True),
    *moment("acknowledged", nullable=True),  # its person took or closed the alert
    *moment("held", nullable=True),  # deferred until then by the rate limit, for a digest
    Column("digest_id", Uuid),  # the carrier of its digest; its own id: the carrier itself
    UniqueConstraint("alert_id", "phone_id", "moment"),
    Index("ix_notifications_state_due", "state", "due_utc_us"),
    Index("ix_notifications_state_moment_due", "state", "moment", "due_utc_us"),
    Index("ix_notifications_phone_id_answered", "phone_id", "answered_utc_us"),
    Index("ix_notifications_digest_id", "digest_id"),
)

attempts = Table(
    "attempts",
    metadata,
    key(),
    link("notification_id", "notifications", index=True),
    Column("answer", Text, nullable=False),  # delivered, try_again, gone
    Column("status", Integer),
    Column("detail", Text, nullable=False),
    *moment("started"),
    *moment("ended"),
)

audit = Table(
    "audit",
    metadata,
    key(),
    link("person_id", "people", nullable=True, index=True),
    link("node_id", "nodes", nullable=True),
    Column("act", Text, nullable=False),
    Column("object_kind", Text, nullable=False),
    Column("object_id", Uuid),
    Column("detail", Text, nullable=False),
    Column("came_from", Text, nullable=False),  # network address of the person
    *moment("at"),
    # Its number in the log, and the hash that links it to the line before (hub.alerts.chain).
    Column("seq", BigInteger),
    Column("hash", Text),
    Index("ix_audit_at_utc_us", "at_utc_us"),
    Index("ix_audit_seq", "seq", unique=True),
)
