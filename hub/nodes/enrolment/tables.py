"""Tables of enrolments and of nodes' certificates; the same on both databases."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Table, Text, Uuid

from hub.base.db.columns import key, link, metadata, moment

enrolments = Table(
    "enrolments",
    metadata,
    key(),
    link("node_id", "nodes", index=True),
    Column("token_hash", Text, nullable=False, unique=True),  # sha256 of the token in the code
    Column("cameras", Text, nullable=False),  # JSON for the node; emptied when the enrolment ends
    link("made_by", "people", nullable=True),  # null: the keeper's shell
    *moment("made"),
    *moment("ends"),
    *moment("used", nullable=True),
    *moment("withdrawn", nullable=True),
    Column("refused", Integer, nullable=False),  # attempts after its end
)

enrolment_sheets = Table(
    "enrolment_sheets",
    metadata,
    key(),
    Column("submission_hash", Text, nullable=False, unique=True),  # sha256 of the form's secret
    link("made_by", "people"),
    *moment("made"),
    *moment("ends"),
    *moment("withdrawn", nullable=True),
)

sheet_codes = Table(
    "sheet_codes",
    metadata,
    Column("enrolment_id", Uuid, ForeignKey("enrolments.id"), primary_key=True),
    link("sheet_id", "enrolment_sheets", index=True),
    Column("positions", Text, nullable=False),  # JSON: camera → latitude, longitude, bearing
)

node_papers = Table(
    "node_papers",
    metadata,
    key(),
    link("node_id", "nodes", index=True),
    link("enrolment_id", "enrolments", nullable=True, index=True),  # null: a renewal
    Column("serial", Text, nullable=False, unique=True),  # hex, as in issued.txt
    Column("key_hash", Text, nullable=False),  # sha256 of the public key (DER)
    Column("certificate", Text, nullable=False),  # PEM
    *moment("issued"),
    *moment("ends"),
    *moment("revoked", nullable=True),
)

enrolment_stamps = Table(
    "enrolment_stamps",
    metadata,
    Column("papers_id", Uuid, ForeignKey("node_papers.id"), primary_key=True),
    Column("seq", BigInteger, nullable=False),  # the line of the log with the certificate's key
    Column("anchor", Text, nullable=False),  # that line's moment, number and hash: what is stamped
    Column("stamp", LargeBinary, nullable=False),  # RFC 3161
    Column("roots", Text, nullable=False),  # PEM: whom the hub believed for it
    *moment("stamped"),  # by the hub's clock; the stamp has its own time
)
