"""Table of test alerts; like `hub.base.db.columns`, the same on both databases."""

from sqlalchemy import Column, Index, Integer, Table, Text

from hub.base.db.columns import key, link, metadata, moment

phone_tests = Table(
    "phone_tests",
    metadata,
    key(),
    link("person_id", "people"),  # the requester and owner of the phone at that time
    link("phone_id", "phones"),
    link("camera_id", "cameras"),
    Column("picture_age_ms", Integer, nullable=True),  # of the newest picture; null: none came
    Column("state", Text, nullable=False),  # queued, accepted, dropped, dead, as notifications
    Column("reason", Text, nullable=False),  # of the last failed attempt
    Column("attempts", Integer, nullable=False),
    *moment("owed"),
    *moment("due"),
    *moment("lease_until", nullable=True),
    *moment("answered", nullable=True),
    *moment("shown", nullable=True),
    *moment("opened", nullable=True),
    Index("ix_phone_tests_state_due", "state", "due_utc_us"),
    Index("ix_phone_tests_person_camera", "person_id", "camera_id", "owed_utc_us"),
)
"""Tests have no alert and no notification, so no code that counts, lists or escalates alerts can
find them."""
