"""Keys of apps that bring tips."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No app has one."""
    op.create_table(
        "tip_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("made_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("made_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("revoked_error_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tip_keys"),
        sa.UniqueConstraint("name", name="uq_tip_keys_name"),
        sa.UniqueConstraint("key_hash", name="uq_tip_keys_key_hash"),
    )
