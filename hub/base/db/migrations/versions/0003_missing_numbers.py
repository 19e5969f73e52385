"""Which numbers have not come, and when files that stay away were last asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room, and note the gaps that are there: nodes say again what they still have of them."""
    op.create_table(
        "missing_numbers",
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("spool_id", sa.Uuid(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("noticed_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("noticed_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("due_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="fk_missing_numbers_node_id"),
        sa.PrimaryKeyConstraint("node_id", "spool_id", "first_seq", name="pk_missing_numbers"),
    )
    op.create_index("ix_missing_numbers_due_utc_us", "missing_numbers", ["due_utc_us"])
    op.add_column("media", sa.Column("asked_utc_us", sa.BigInteger(), nullable=True))
    op.add_column("media", sa.Column("asked_error_ms", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_media_stored_utc_us_announced_utc_us", "media", ["stored_utc_us", "announced_utc_us"]
    )
    op.execute(_GAPS)


_GAPS = """
INSERT INTO missing_numbers
    (node_id, spool_id, first_seq, last_seq, asks, noticed_utc_us, due_utc_us)
SELECT node_id, spool_id, before + 1, seq - 1, 0, received_utc_us, received_utc_us FROM (
    SELECT node_id, spool_id, seq, received_utc_us,
        lag(seq, 1, 0) OVER (PARTITION BY node_id, spool_id ORDER BY seq) AS before
    FROM events
) AS told WHERE seq > before + 1
"""
