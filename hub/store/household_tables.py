"""The tables of households' cameras: who agreed, what was asked of them, and what they gave.

Name and contact are sealed (`hub.store.tip_box`, with a key of their own) and go when the consent
is withdrawn. Tokens of links are kept as their hash alone.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)

from hub.store.tables import key, link, metadata, moment

__all__ = ["household_clips", "household_requests", "households"]

households = Table(
    "households",
    metadata,
    key(),
    link("area_id", "areas", index=True),
    Column("place", Text, nullable=False),  # in words
    Column("latitude_deg", Float),
    Column("longitude_deg", Float),
    Column("view", Text, nullable=False),  # what the camera sees, in words
    Column("channel", Text, nullable=False),  # how the contact hears of a request; "": by people
    Column("sealed", LargeBinary),  # JSON: name, contact; null once the consent is withdrawn
    Column("language", Text, nullable=False),
    Column("consent_version", Text, nullable=False),
    Column("consent_text", Text, nullable=False),  # as it was agreed to
    *moment("consented"),
    link("recorded_by", "people"),
    Column("token_hash", Text, nullable=False, unique=True),  # sha256, of the household's own link
    *moment("withdrawn", nullable=True),
    link("withdrawn_by", "people", nullable=True),  # null and withdrawn: the household itself
)

household_requests = Table(
    "household_requests",
    metadata,
    key(),
    link("household_id", "households", index=True),
    link("case_id", "cases", index=True),
    link("asked_by", "people"),
    Column("why", Text, nullable=False),  # what the household reads; names nobody
    *moment("since"),  # the span that is asked for
    *moment("until"),
    *moment("asked"),
    *moment("expires"),
    Column("token_hash", Text, nullable=False, unique=True),  # sha256
    *moment("ended", nullable=True),
    Column("ended_why", Text),  # done, expired, withdrawn, consent, closed
    Column("upload_id", Uuid),  # of the file under way
    Column("upload_bytes", BigInteger),  # its whole length
    Column("upload_name", Text),  # as the phone calls it
    Column("upload_mark", Text),  # by which the page knows the same file again
    *moment("sent", nullable=True),  # all of it came, and they pressed Send
    Column("cut_from_ms", Integer),
    Column("cut_until_ms", Integer),
    Column("wrong", Text, nullable=False),  # why the last file was not taken; "": it was not asked
)

household_clips = Table(
    "household_clips",
    metadata,
    key(),
    link("request_id", "household_requests"),
    link("household_id", "households", index=True),
    link("case_id", "cases", index=True),
    Column("sha256", Text, nullable=False, index=True),  # of what is kept
    Column("size_bytes", BigInteger, nullable=False),
    Column("came_sha256", Text, nullable=False),  # of what was sent, before it was cut
    Column("came_bytes", BigInteger, nullable=False),
    Column("name", Text, nullable=False),  # of the file, as the phone calls it
    Column("form", Text, nullable=False),  # mp4, mkv, avi, ts
    Column("codec", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),  # 0: the file does not say
    Column("cut_from_ms", Integer),
    Column("cut_until_ms", Integer),
    Column("code", Text, nullable=False),  # of the receipt
    Column("receipt", LargeBinary, nullable=False),  # JSON, as it was signed
    Column("signature", LargeBinary, nullable=False),  # Ed25519, by the hub's evidence key
    Column("certificate", LargeBinary, nullable=False),  # DER, of that key
    *moment("stored"),
    Column("note", Text, nullable=False),
    Column("is_marked", Boolean, nullable=False),
    *moment("released", nullable=True),  # no case holds it since then
    *moment("removed", nullable=True),  # its file is gone since then
)
