"""Where one is signed in and when one gave proof; invitations; passkeys."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> "tuple[sa.Column[int], sa.Column[int]]":
    return (
        sa.Column(f"{name}_utc_us", sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_error_ms", sa.BigInteger(), nullable=True),
    )


def _person(name: str, *, nullable: bool) -> "sa.Column[object]":
    return sa.Column(name, sa.Uuid(), sa.ForeignKey("people.id"), nullable=nullable)


def upgrade() -> None:
    """Nobody is invited, nobody has a passkey, and no session has given proof."""
    op.add_column("sessions", sa.Column("agent", sa.Text(), nullable=True))
    op.add_column("sessions", sa.Column("came_from", sa.Text(), nullable=True))
    for column in _moment("proved", nullable=True):
        op.add_column("sessions", column)
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        _person("person_id", nullable=False),
        _person("made_by", nullable=True),
        *_moment("made"),
        *_moment("ends"),
        *_moment("used", nullable=True),
        *_moment("withdrawn", nullable=True),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
    )
    op.create_index("ix_invitations_person_id", "invitations", ["person_id"])
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        _person("person_id", nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("transports", sa.Text(), nullable=False),
        *_moment("created"),
        *_moment("used", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_person_id", "passkeys", ["person_id"])
    op.create_table(
        "spent_challenges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_hash", sa.Text(), nullable=False),
        *_moment("ends"),
        sa.PrimaryKeyConstraint("id", name="pk_spent_challenges"),
        sa.UniqueConstraint("challenge_hash", name="uq_spent_challenges_challenge_hash"),
    )
    op.create_index("ix_spent_challenges_ends_utc_us", "spent_challenges", ["ends_utc_us"])
