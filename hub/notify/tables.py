"""The tables of phones, notifications and attempts to deliver them."""

from sqlalchemy import Column, Index, Integer, Table, Text, UniqueConstraint, Uuid

from hub.base.db.columns import key, link, metadata, moment

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
    *moment("acknowledged", nullable=True),  # its person took or closed the alert, or goes there
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
