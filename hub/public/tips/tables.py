"""Tables of tips from the public; like `hub.base.db.columns`, the same on both databases.

Sender and original pictures are sealed (`hub.public.tips.sealing`): the database alone reveals
neither names nor the places where pictures were taken.
"""

from sqlalchemy import Column, Float, ForeignKey, Integer, LargeBinary, Table, Text, Uuid

from hub.base.db.columns import key, link, metadata, moment

tips = Table(
    "tips",
    metadata,
    key(),
    Column("alert_id", Uuid, ForeignKey("alerts.id"), nullable=False, unique=True),
    link("case_id", "cases", nullable=True, index=True),
    Column("what", Text, nullable=False),
    Column("place", Text, nullable=False),  # in the sender's words; may be empty
    link("area_id", "areas", nullable=True),  # chosen by the sender
    Column("latitude_deg", Float),
    Column("longitude_deg", Float),
    *moment("happened"),  # as reported; the error is null if they gave a time
    *moment("received"),
    Column("code_hash", Text, nullable=False, unique=True),  # sha256; unique
    Column("language", Text, nullable=False),  # the sender's
    Column("source", Text, nullable=False),  # "form", or the name of an app's key
    *moment("removed", nullable=True),  # time of deletion of its content, by retention
)

tip_reporters = Table(
    "tip_reporters",
    metadata,
    Column("tip_id", Uuid, ForeignKey("tips.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # JSON: name, contact
)

tip_pictures = Table(
    "tip_pictures",
    metadata,
    key(),
    link("tip_id", "tips", index=True),
    Column("number", Integer, nullable=False),  # 1 is the first
    Column("shown", LargeBinary, nullable=False),  # JPEG, re-encoded: no metadata
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("original", LargeBinary, nullable=False),  # sealed, unchanged
    Column("original_sha256", Text, nullable=False),  # of the original, before sealing
    Column("original_bytes", Integer, nullable=False),
)

tip_answers = Table(
    "tip_answers",
    metadata,
    key(),
    link("tip_id", "tips", index=True),
    link("person_id", "people"),
    Column("answer", Text, nullable=False),  # shown to the sender
    *moment("at"),
)

tip_keys = Table(
    "tip_keys",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),  # of the app
    Column("key_hash", Text, nullable=False, unique=True),  # sha256
    *moment("made"),
    *moment("revoked", nullable=True),
)
