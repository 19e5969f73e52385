"""The log of who looked is bound, line to line, and can only grow."""

import sqlalchemy as sa
from alembic import op

from hub.base.hash_chain import BEGINNING, Record, bind

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

PAGE = 5000
SAYS = "the log can only grow: no line of it is changed or removed"

audit = sa.table(
    "audit",
    sa.column("id", sa.Uuid()),
    sa.column("person_id", sa.Uuid()),
    sa.column("node_id", sa.Uuid()),
    sa.column("act", sa.Text()),
    sa.column("object_kind", sa.Text()),
    sa.column("object_id", sa.Uuid()),
    sa.column("detail", sa.Text()),
    sa.column("came_from", sa.Text()),
    sa.column("at_utc_us", sa.BigInteger()),
    sa.column("at_error_ms", sa.BigInteger()),
    sa.column("seq", sa.BigInteger()),
    sa.column("hash", sa.Text()),
)


def upgrade() -> None:
    """Lines that are there already are bound in the order in which they were written."""
    op.add_column("audit", sa.Column("seq", sa.BigInteger(), nullable=True))
    op.add_column("audit", sa.Column("hash", sa.Text(), nullable=True))
    op.create_index("ix_audit_seq", "audit", ["seq"], unique=True)
    _bind_what_is_there(op.get_bind())
    _forbid_changes(op.get_bind().dialect.name)


def _bind_what_is_there(conn: sa.Connection) -> None:
    seq, previous = 0, BEGINNING
    unbound = sa.select(audit).where(audit.c.seq.is_(None)).order_by(audit.c.id).limit(PAGE)
    while rows := conn.execute(unbound).all():
        for row in rows:
            seq += 1
            fields = {name: value for name, value in row._mapping.items() if name != "hash"}
            previous = bind(previous, Record(**(fields | {"seq": seq})))
            line = sa.update(audit).where(audit.c.id == row.id)
            conn.execute(line.values(seq=seq, hash=previous))


def _forbid_changes(dialect: str) -> None:
    if dialect == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{SAYS}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()"
    )
