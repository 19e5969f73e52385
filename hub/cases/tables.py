"""Tables of cases; like `hub.base.db.columns`, the same on both databases."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text, Uuid

from hub.base.db.columns import key, link, metadata, moment

cases = Table(
    "cases",
    metadata,
    key(),
    Column("number", Text, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    link("owner_id", "people"),
    link("opened_by", "people"),
    *moment("opened"),
    *moment("ends", nullable=True),  # end of the members' work; null: when the case is closed
    link("closed_by", "people", nullable=True),
    *moment("closed", nullable=True),
)

case_members = Table(
    "case_members",
    metadata,
    key(),
    link("case_id", "cases", index=True),
    link("person_id", "people", index=True),
    Column("may_export", Boolean, nullable=False),  # beyond reading and adding
    link("added_by", "people"),
    *moment("added"),
    *moment("until", nullable=True),
    *moment("ended", nullable=True),
)

case_items = Table(
    "case_items",
    metadata,
    key(),
    link("case_id", "cases"),
    link("media_id", "media"),
    Column("note", Text, nullable=False),
    Column("is_marked", Boolean, nullable=False),  # important items
    Column("hold_id", Uuid, nullable=False),  # of holds, whose rows stay
    link("added_by", "people"),
    *moment("added"),
    *moment("removed", nullable=True),
    Index("ix_case_items_case_id_media_id", "case_id", "media_id"),
)

seal_checks = Table(
    "seal_checks",
    metadata,
    Column("media_id", Uuid, ForeignKey("media.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", Text, nullable=False),  # of the file that was judged
    Column("verdict", Text, nullable=False),  # hub.cases.evidence.seal_rules.SealVerdict
    Column("why", Text, nullable=False),  # JSON: reasons by their ids, with their values
    *moment("checked"),
)
