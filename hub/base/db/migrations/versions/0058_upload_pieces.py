"""What has come of unfinished uploads, in the media store."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table without rows."""
    op.create_table(
        "upload_pieces",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("start_bytes", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("came_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("came_error_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("kind", "owner", "name", "start_bytes", name="pk_upload_pieces"),
    )
    op.create_index("ix_upload_pieces_sha256", "upload_pieces", ["sha256"])
