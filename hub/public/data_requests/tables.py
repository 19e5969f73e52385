"""Tables of data requests by persons concerned; like `hub.base.db.columns`, the same on both
databases.

The requester's identity is sealed separately (`hub.public.tips.sealing`), as with tips.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Table, Text, Uuid

from hub.base.db.columns import key, link, metadata, moment

petitions = Table(
    "petitions",
    metadata,
    key(),
    Column("number", Text, nullable=False, unique=True),  # as shown to people: YC-2026-0012
    Column("wish", Text, nullable=False),  # a hub.public.data_requests.rules.RequestKind
    Column("what", Text, nullable=False),  # in the requester's words: place, time, description
    link("area_id", "areas", nullable=True),  # null: they do not know
    Column("language", Text, nullable=False),
    Column("source", Text, nullable=False),  # "form" or "counter"
    Column("code_hash", Text, nullable=False, unique=True),  # sha256
    link("taken_by", "people", nullable=True),  # the person at the counter
    *moment("received"),
    *moment("acknowledged", nullable=True),
    *moment("proof_asked", nullable=True),  # of identity
    *moment("extended", nullable=True),
    Column("outcome", Text),  # granted, refused; null: not answered yet
    Column("refusal", Text),  # key of a reason in the configuration
    *moment("answered", nullable=True),
)

data_request_people = Table(
    "petition_people",
    metadata,
    Column("petition_id", Uuid, ForeignKey("petitions.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # JSON: name, contact
)

petition_acts = Table(
    "petition_acts",
    metadata,
    key(),
    link("petition_id", "petitions", index=True),
    link("person_id", "people"),
    Column("act", Text, nullable=False),  # acknowledge, proof, extend, answer
    Column("words", Text, nullable=False),  # shown to the requester
    *moment("at"),
)

petition_erasures = Table(
    "petition_erasures",
    metadata,
    key(),
    link("petition_id", "petitions", index=True),
    link("media_id", "media"),
    link("person_id", "people"),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    *moment("marked"),
    *moment("gone", nullable=True),  # when the store confirmed the deletion
    Column("others", Integer, nullable=False),  # rows of the same bytes that still need the file
)
