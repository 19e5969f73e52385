"""Grants that were given out of others, and who revoked one."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every grant stands by itself so far."""
    op.add_column("grants", sa.Column("from_grant_id", sa.Uuid(), nullable=True))
    op.add_column("grants", sa.Column("ended_by", sa.Uuid(), nullable=True))
    op.create_index("ix_grants_from_grant_id", "grants", ["from_grant_id"])
