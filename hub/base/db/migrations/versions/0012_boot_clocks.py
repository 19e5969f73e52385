"""How long a boot had lasted, and when its clock became trusted."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room; what was filed before stays as it is."""
    op.add_column("events", sa.Column("uptime_ms", sa.BigInteger(), nullable=True))
    op.create_index("ix_events_node_id_boot_id", "events", ["node_id", "boot_id"])
    op.create_table(
        "boot_clocks",
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("boot_id", sa.Uuid(), nullable=False),
        sa.Column("uptime_ms", sa.BigInteger(), nullable=False),
        sa.Column("said_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("said_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="fk_boot_clocks_node_id"),
        sa.PrimaryKeyConstraint("node_id", "boot_id", name="pk_boot_clocks"),
    )
