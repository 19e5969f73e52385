"""Tables of public notices; like `hub.base.db.columns`, the same on both databases."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from hub.base.db.columns import key, link, metadata, moment

notice_ways = Table(
    "notice_ways",
    metadata,
    key(),
    link("area_id", "areas", index=True),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),  # channel:who, like a phone's address
    Column("label", Text, nullable=False),
    *moment("made"),
    *moment("ended", nullable=True),
)

notices = Table(
    "notices",
    metadata,
    key(),
    link("area_id", "areas", index=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", Text, nullable=False),  # a hub.public.notices.rules.NoticeState
    link("made_by", "people"),
    *moment("made"),
    *moment("sent", nullable=True),
    *moment("until", nullable=True),  # end of display on the public page
    link("withdrawn_by", "people", nullable=True),
    *moment("withdrawn", nullable=True),
    Index("ix_notices_state_sent", "state", "sent_utc_us"),
)

notice_files = Table(
    "notice_files",
    metadata,
    key(),
    link("notice_id", "notices"),
    Column("kind", Text, nullable=False),  # picture, sound
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("notice_id", "kind"),
)

notice_sendings = Table(
    "notice_sendings",
    metadata,
    key(),
    link("notice_id", "notices"),
    link("way_id", "notice_ways"),
    Column("word", Text, nullable=False),  # sent, withdrawn
    Column("state", Text, nullable=False),  # queued, accepted, dropped, dead
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    *moment("owed"),
    *moment("due"),
    *moment("lease_until", nullable=True),
    *moment("answered", nullable=True),
    UniqueConstraint("notice_id", "way_id", "word"),
    Index("ix_notice_sendings_state_due", "state", "due_utc_us"),
)
