"""Tables that PostgreSQL keeps in parts, one for each month in which their rows arrived.

A split table is partitioned by the column `month` (202611 for November 2026, in UTC). No statement
that adds rows names this column: its default says to which part new rows go, and is changed at the
turn of the month. So every row has a part, whatever clocks say and whichever process is away. The
part `rest` (month 0) has the rows from before the split, and rows that outlive their month.

No unique key spans several parts. Each part has the keys of the table; what must be unique in all
parts is kept unique by other means (`hub.nodes.spool.event_rows`).

Searches name the parts to read, by `spans`: each part that the planner considers costs as much as a
table.

Every change of the parts is one short transaction, made while no other connection writes. It waits
at most `LOCK_MS` for readers, because all others wait behind it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

import psycopg
from psycopg.errors import LockNotAvailable
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Integer,
    any_,
    bindparam,
    literal_column,
)
from sqlalchemy.exc import OperationalError

from hub.base.db.database import Database, DatabaseError
from hub.base.moment import Moment

SPLIT: Final = ("events", "sightings")
"""The tables that can be split."""
SPANNED: Final = {"sightings": "first_seen_utc_us"}
"""The indexed column by which a split table is searched."""
REST: Final = 0
"""The month of rows that have no month."""
LOCK_MS: Final = 50
AGAIN_S: Final = 1.0
"""After a change that readers held up."""
ATTEMPTS: Final = 60
_ONLY_REST: Final = "only_rest"
_OUT: Final = "_out"
"""Ends the name of a part that was taken out of its table."""
_NAMES_OF_REST: Final = """
    SELECT here.relname, whole.relname FROM pg_inherits i
    JOIN pg_class here ON here.oid = i.inhrelid JOIN pg_class whole ON whole.oid = i.inhparent
    JOIN pg_index x ON x.indexrelid = i.inhrelid WHERE x.indrelid = to_regclass(%s)"""
"""The indexes of a part, and the names of those of the whole table."""

_NOTED: Final = """
    SELECT coalesce(substring(c.relname from '_([0-9]{6})$')::int, 0), d.description
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    LEFT JOIN pg_description d
        ON d.objoid = i.inhrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
    WHERE i.inhparent = to_regclass(%s)"""
"""The months of a table, and the noted span of each."""
_NO_ROWS: Final = (0, -1)
Spans = dict[int, tuple[int, int]]

T = TypeVar("T")


class HeldUpError(DatabaseError):
    """Long reads, such as a backup, blocked a change of the parts; a later attempt will succeed."""


def month_of(moment: Moment) -> int:
    """The month of a moment in UTC, as 202611."""
    at = datetime.fromtimestamp(moment.utc_us / 1_000_000, UTC)
    return at.year * 100 + at.month


def part_of(table: str, month: int) -> str:
    """The name of a part."""
    return f"{table}_{month or 'rest'}"


def is_split(conn: Connection, table: str) -> bool:
    """True if the table is kept in parts."""
    if conn.dialect.name != "postgresql":
        return False
    query = "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)"
    return bool(_scalar(conn, query, table))


def months(conn: Connection, table: str) -> list[int]:
    """The months that have a part, in order; without `REST`."""
    query = (
        "SELECT substring(c.relname from '_([0-9]{6})$')::int FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = to_regclass(%s) AND c.relname <> %s ORDER BY 1"
    )
    rows = conn.exec_driver_sql(query, (table, part_of(table, REST)))
    return [month for (month,) in rows]


def spans(conn: Connection, table: str) -> Spans:
    """The time span of each part's rows: the least and the greatest value of its `SPANNED` column
    by month, as this transaction sees them; without empty parts. Empty if the table is not split.
    """
    if conn.dialect.name != "postgresql":
        return {}
    found: Spans = {}
    unnoted: list[int] = []
    for month, noted in conn.exec_driver_sql(_NOTED, (table,)):
        if noted is None:
            unnoted.append(month)
        else:
            least, most = map(int, noted.split())
            found[month] = (least, most)
    found |= _spans_now(conn, table, unnoted)
    return {month: span for month, span in found.items() if span != _NO_ROWS}


def _spans_now(conn: Connection, table: str, wanted: Sequence[int]) -> Spans:
    if not wanted:
        return {}
    ends = ", ".join(
        f"(SELECT {end}({SPANNED[table]}) FROM {table} WHERE month = {month})"  # noqa: S608 - as below
        for month in wanted
        for end in ("min", "max")
    )
    found = conn.exec_driver_sql(f"SELECT {ends}").one()
    pairs = zip(wanted, found[::2], found[1::2], strict=True)
    return {month: _NO_ROWS if least is None else (least, most) for month, least, most in pairs}


def forget_spans(conn: Connection, table: str, ids: Sequence[UUID]) -> None:
    """Call this after the times of these rows were changed: the spans of their parts are then read
    again."""
    if ids and is_split(conn, table):
        query = f"SELECT DISTINCT month FROM {table} WHERE id = ANY(%s)"  # noqa: S608 - as below
        for (month,) in conn.exec_driver_sql(query, (list(ids),)).all():
            _forget_span(conn, table, month)


def _forget_span(conn: Connection, table: str, month: int) -> None:
    part = part_of(table, month)
    if _scalar(conn, "SELECT obj_description(to_regclass(%s), 'pg_class')", part):
        _do(conn, f"COMMENT ON TABLE {part} IS NULL")


def _note_spans(conn: Connection, table: str) -> None:
    """Note the spans of the parts that get no new rows: as a comment, which goes with its part."""
    growing = (REST, month_now(conn, table))
    noted = conn.exec_driver_sql(_NOTED, (table,))
    quiet = [month for month, span in noted if span is None and month not in growing]
    for month, span in _spans_now(conn, table, quiet).items():
        _do(conn, f"COMMENT ON TABLE {part_of(table, month)} IS '{span[0]} {span[1]}'")


def among(wanted: Iterable[int]) -> ColumnElement[bool]:
    """SQL condition: a row of the only split table of a statement belongs to these months. The
    planner then opens no other part."""
    these = bindparam(None, [*wanted], type_=ARRAY(Integer))
    return literal_column("month", Integer) == any_(these)


def month_now(conn: Connection, table: str) -> int:
    """The month to whose part new rows go."""
    query = (
        "SELECT pg_get_expr(d.adbin, d.adrelid)::int FROM pg_attrdef d JOIN pg_attribute a"
        " ON a.attrelid = d.adrelid AND a.attnum = d.adnum"
        " WHERE d.adrelid = to_regclass(%s) AND a.attname = 'month'"
    )
    return int(_scalar(conn, query, table))


def split(db: Database, table: str) -> None:
    """Make the table the part `rest` of a split one, while the hub runs. No row is moved; the whole
    table is read once. A split that was interrupted is continued."""
    if not alter(db, partial(_prepare, table=table)):
        return
    with psycopg.connect(**db.listening_address(), autocommit=True) as conn:
        # Reads the table without keeping anybody waiting; so the next step need not.
        conn.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {_ONLY_REST}".encode())
    alter(db, partial(_put_under_parts, table=table))


def join(db: Database, table: str) -> None:
    """Make a split table a plain one again, once all rows are in `rest`. ValueError if some are not
    there."""
    with db.reading() as conn:
        parts = [part_of(table, month) for month in months(conn, table)]
    with psycopg.connect(**db.listening_address(), autocommit=True) as conn:
        for part in parts:
            # The next step would read all rows that left it, while writers wait.
            conn.execute(f"VACUUM {part}".encode())
    alter(db, partial(_join, table=table))


def add_month(conn: Connection, table: str, month: int) -> None:
    """Create the part of a month, unless it exists."""
    if month in months(conn, table):
        return
    part = part_of(table, month)
    rest = part_of(table, REST)
    _do(
        conn,
        f"CREATE TABLE {part} (LIKE {rest} INCLUDING DEFAULTS INCLUDING INDEXES)",
        f"ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES IN ({month})",
    )


def fill(conn: Connection, table: str, month: int) -> None:
    """From now on, put new rows into this month's part."""
    if month != REST:
        add_month(conn, table, month)
    _do(conn, f"ALTER TABLE ONLY {table} ALTER COLUMN month SET DEFAULT {month}")
    _forget_span(conn, table, month)


def turn(db: Database, now: Moment) -> None:
    """Begin the month of `now` in all split tables that are filled month by month. Does nothing
    while the clock is in doubt or went back. HeldUpError if readers blocked it."""
    if now.is_doubted:
        return
    month = month_of(now)
    for table in SPLIT:
        with db.reading() as conn:
            is_due = is_split(conn, table) and REST < month_now(conn, table) < month
        if is_due:
            alter(db, partial(fill, table=table, month=month), attempts=1)
    for table in SPANNED:
        with db.reading() as conn:
            is_there = is_split(conn, table)
        if is_there:
            alter(db, partial(_note_spans, table=table), attempts=1)


def move(conn: Connection, table: str, ids: Sequence[object], *, source: int, target: int) -> int:
    """Move rows to the part of another month, which must exist; returns their number."""
    _forget_span(conn, table, target)
    change = f"UPDATE {table} SET month = %s"  # noqa: S608 - a name of this module
    query = f"{change} WHERE month = %s AND id = ANY(%s)"
    return conn.exec_driver_sql(query, (target, source, list(ids))).rowcount


def take_out(conn: Connection, table: str, month: int) -> None:
    """Detach the part of a month as a table of its own, which `taken_out` lists. It refers to no
    other table any more, so dropping it needs no lock on another table."""
    part = part_of(table, month)
    _do(
        conn,
        f"ALTER TABLE {table} DETACH PARTITION {part}",
        *(f"ALTER TABLE {part} DROP CONSTRAINT {name}" for name in _links(conn, part)),
        f"ALTER TABLE {part} RENAME TO {part}{_OUT}",
    )


def taken_out(conn: Connection, table: str) -> list[str]:
    """The names of parts that were detached and are not dropped yet."""
    query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s ORDER BY 1"
    rows = conn.exec_driver_sql(query, (f"^{table}_[0-9]{{6}}{_OUT}$",))
    return [name for (name,) in rows]


def drop(db: Database, part: str) -> None:
    """Drop a detached part, outside the queue of writers: removing the files of ten million rows
    takes a while."""
    with psycopg.connect(**db.listening_address(), autocommit=True) as conn:
        conn.execute(f"DROP TABLE {part}".encode())


def alter(db: Database, change: Callable[[Connection], T], *, attempts: int = ATTEMPTS) -> T:
    """Change the parts in a transaction that blocks others for `LOCK_MS` at most; retry after
    `AGAIN_S` if readers blocked it. HeldUpError after the last attempt."""
    for left in reversed(range(attempts)):
        try:
            with _altering(db) as conn:
                return change(conn)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
        if left:
            time.sleep(AGAIN_S)
    raise HeldUpError("long reads of the database, such as a backup, are in the way")


@contextmanager
def _altering(db: Database) -> Iterator[Connection]:
    with db.writing() as conn:
        conn.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_MS}")
        yield conn


def _prepare(conn: Connection, table: str) -> bool:
    """False if the table is split already."""
    if is_split(conn, table):
        return False
    begun = "SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = to_regclass(%s)"
    if not _scalar(conn, begun, _ONLY_REST, table):
        _do(
            conn,
            f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS month integer NOT NULL DEFAULT {REST}",
            f"ALTER TABLE {table} ADD CONSTRAINT {_ONLY_REST} CHECK (month = {REST}) NOT VALID",
        )
    return True


def _put_under_parts(conn: Connection, table: str) -> None:
    rest = part_of(table, REST)
    indexes, links = _indexes(conn, table), _links(conn, table)
    _do(
        conn,
        f"ALTER TABLE {table} RENAME TO {rest}",
        *(f"ALTER INDEX {name} RENAME TO {name}_rest" for name in indexes),
        f"CREATE TABLE {table} (LIKE {rest} INCLUDING DEFAULTS) PARTITION BY LIST (month)",
        *indexes.values(),
        *(f"ALTER TABLE {table} ADD CONSTRAINT {name} {how}" for name, how in links.items()),
        f"ALTER TABLE {table} ATTACH PARTITION {rest} FOR VALUES IN ({REST})",
        f"ALTER TABLE {rest} DROP CONSTRAINT {_ONLY_REST}",
    )


def _join(conn: Connection, table: str) -> None:
    if not is_split(conn, table):
        return
    parts = [part_of(table, month) for month in months(conn, table)]
    for part in parts:
        if _scalar(conn, f"SELECT EXISTS (SELECT 1 FROM {part})"):  # noqa: S608 - as above
            raise ValueError(f"{part} has rows")
    rest = part_of(table, REST)
    names = conn.exec_driver_sql(_NAMES_OF_REST, (rest,)).all()
    _do(
        conn,
        f"ALTER TABLE {table} DETACH PARTITION {rest}",
        f"DROP TABLE {table}",
        f"ALTER TABLE {rest} RENAME TO {table}",
        *(f"ALTER INDEX {here} RENAME TO {name}" for here, name in names),
        f"ALTER TABLE {table} DROP COLUMN month",
    )


def _indexes(conn: Connection, table: str) -> dict[str, str]:
    """The statements that make the indexes of a table that are no keys, by name."""
    query = (
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid = to_regclass(%s) AND NOT i.indisunique ORDER BY 1"
    )
    return {str(row[0]): str(row[1]) for row in conn.exec_driver_sql(query, (table,))}


def _links(conn: Connection, table: str) -> dict[str, str]:
    """The references of a table to others, by name."""
    query = (
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = to_regclass(%s) AND contype = 'f' ORDER BY 1"
    )
    return {str(row[0]): str(row[1]) for row in conn.exec_driver_sql(query, (table,))}


def _scalar(conn: Connection, query: str, *values: object) -> Any:
    return conn.exec_driver_sql(query, values).scalar()


def _do(conn: Connection, *statements: str) -> None:
    for statement in statements:
        conn.exec_driver_sql(statement)
