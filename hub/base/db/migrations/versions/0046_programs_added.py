"""Who added a bundle of programs, and which one a node ran before a roll-out."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Those that are here came by the keeper's shell; of roll-outs that ended nothing is known."""
    op.add_column("program_bundles", sa.Column("added_by", sa.Uuid(), nullable=True))
    op.add_column("rollout_nodes", sa.Column("ran_sha256", sa.Text(), nullable=True))
