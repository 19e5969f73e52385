"""The tables of invitations, passkeys and linked accounts, the same on both databases."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from hub.base.db.columns import key, link, metadata, moment

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


people = Table(
    "people",
    metadata,
    key(),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("password_hash", Text, nullable=False),  # argon2id
    *moment("created"),
    *moment("disabled", nullable=True),  # when the account was last closed; `state` decides
    Column("channel_order", Text),  # as in hub.notify.rules.channel_order; null: the hub's default
    Column("state", Text, nullable=False, server_default="open"),  # of hub.access.account_state
)


grants = Table(
    "grants",
    metadata,
    key(),
    link("person_id", "people", index=True),
    link("area_id", "areas", nullable=True),
    link("camera_id", "cameras", nullable=True),
    Column("rights", Integer, nullable=False),  # bits of hub.access.rules.grants.Right
    *moment("starts"),
    *moment("ends", nullable=True),
    *moment("history_from", nullable=True),
    Column("reason", Text, nullable=False),
    link("granted_by", "people", nullable=True),
    Column("from_grant_id", Uuid, index=True),  # a grant; ends together with it; null: independent
    Column("ended_by", Uuid),  # a person who revoked it; null: it expired, or the shell did
    Column("is_ended", Boolean),  # revoked: invalid whatever the clock says; null: no
)


sessions = Table(
    "sessions",
    metadata,
    key(),
    Column("token_hash", Text, nullable=False, unique=True),  # sha256 of the cookie
    Column("csrf", Text, nullable=False),
    link("person_id", "people", index=True),
    *moment("created"),
    *moment("seen"),
    *moment("ends"),
    Column("agent", Text),  # the browser's user agent
    Column("came_from", Text),  # the network address at sign-in
    *moment("proved", nullable=True),  # when the person last gave password or passkey
)


sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    key(),
    Column("login", Text, nullable=False, index=True),  # as typed, normalized; known or not
    Column("came_from", Text, nullable=False),  # whose count: a network, a known browser, a session
    *moment("at"),
)
