"""The tables of invitations, passkeys and linked accounts, the same on both databases."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from hub.store.silence_tables import metadata
from hub.store.tables import key, link, moment

__all__ = ["identities", "invitations", "metadata", "passkeys", "spent_challenges"]

invitations = Table(
    "invitations",
    metadata,
    key(),
    Column("token_hash", Text, nullable=False, unique=True),  # sha256 of the link's last part
    link("person_id", "people", index=True),
    link("made_by", "people", nullable=True),  # null: the keeper's shell
    *moment("made"),
    *moment("ends"),
    *moment("used", nullable=True),
    *moment("withdrawn", nullable=True),
    Column("refused", Integer, nullable=False),  # uses of the link after it became invalid
)

passkeys = Table(
    "passkeys",
    metadata,
    key(),
    link("person_id", "people", index=True),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),  # COSE
    Column("sign_count", BigInteger, nullable=False),
    Column("label", Text, nullable=False),  # name given by its owner
    Column("transports", Text, nullable=False),  # how the browser reaches it: usb,nfc,internal
    *moment("created"),
    *moment("used", nullable=True),
)

spent_challenges = Table(
    "spent_challenges",
    metadata,
    key(),
    Column("challenge_hash", Text, nullable=False, unique=True),  # each is valid for one answer
    *moment("ends"),
    Index("ix_spent_challenges_ends_utc_us", "ends_utc_us"),
)

identities = Table(
    "identities",
    metadata,
    key(),
    link("person_id", "people", index=True),
    Column("issuer", Text, nullable=False),  # the OpenID provider, exact text
    Column("subject", Text, nullable=False),  # its own id for the person; never reused
    Column("label", Text, nullable=False),  # its name for the person, for display
    *moment("created"),
    *moment("used", nullable=True),
    UniqueConstraint("issuer", "subject"),
)
