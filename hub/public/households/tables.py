"""Tables of household cameras: consents, requests, and clips received.

Name and contact are sealed (`hub.public.tips.sealing`, with a separate key) and deleted when the
consent is withdrawn. Tokens of links are stored only as hashes.
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

from hub.base.db.columns import key, link, metadata, moment

households = Table(
    "households",
    metadata,
    key(),
    link("area_id", "areas", index=True),
    Column("place", Text, nullable=False),  # as text
    Column("latitude_deg", Float),
    Column("longitude_deg", Float),
    Column("view", Text, nullable=False),  # the camera's view, as text
    Column("channel", Text, nullable=False),  # channel for requests to the contact; "": by people
    Column("sealed", LargeBinary),  # JSON: name, contact; null once the consent is withdrawn
    Column("language", Text, nullable=False),
    Column("consent_version", Text, nullable=False),
    Column("consent_text", Text, nullable=False),  # the text that was accepted
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
    Column("why", Text, nullable=False),  # shown to the household; names nobody
    *moment("since"),  # the requested time span
    *moment("until"),
    *moment("asked"),
    *moment("expires"),
    Column("token_hash", Text, nullable=False, unique=True),  # sha256
    *moment("ended", nullable=True),
    Column("ended_why", Text),  # done, expired, withdrawn, consent, closed
    Column("upload_id", Uuid),  # of the present upload
    Column("upload_bytes", BigInteger),  # its whole length
    Column("upload_name", Text),  # the phone's file name
    Column("upload_mark", Text),  # recognises the same file again
    *moment("sent", nullable=True),  # the file is complete and Send was pressed
    Column("cut_from_ms", Integer),
    Column("cut_until_ms", Integer),
    Column("wrong", Text, nullable=False),  # why the last file was refused; "": it was not
)

household_clips = Table(
    "household_clips",
    metadata,
    key(),
    link("request_id", "household_requests"),
    link("household_id", "households", index=True),
    link("case_id", "cases", index=True),
    Column("sha256", Text, nullable=False, index=True),  # of the stored file
    Column("size_bytes", BigInteger, nullable=False),
    Column("came_sha256", Text, nullable=False),  # of the file received, before the cut
    Column("came_bytes", BigInteger, nullable=False),
    Column("name", Text, nullable=False),  # the phone's file name
    Column("form", Text, nullable=False),  # mp4, mkv, avi, ts
    Column("codec", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),  # 0: not in the file
    Column("cut_from_ms", Integer),
    Column("cut_until_ms", Integer),
    Column("code", Text, nullable=False),  # of the receipt
    Column("receipt", LargeBinary, nullable=False),  # JSON, as signed
    Column("signature", LargeBinary, nullable=False),  # Ed25519, by the hub's evidence key
    Column("certificate", LargeBinary, nullable=False),  # DER, of that key
    *moment("stored"),
    Column("note", Text, nullable=False),
    Column("is_marked", Boolean, nullable=False),
    *moment("released", nullable=True),  # time since which no case holds it
    *moment("removed", nullable=True),  # time of the file's deletion
)
