"""Stored events by their ids and numbers.

PostgreSQL can keep events in parts by month (`hub.base.db.months`), and no unique key spans several
parts. There `event_ids` has the id and the number of every event, and decides whether an event is
new. On SQLite `events` has these keys itself, and `event_ids` stays empty.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import BindParameter, Connection, Table, bindparam, func, select, tuple_

from hub.base.db.statements import add, add_once
from hub.nodes.spool.tables import event_ids, events

Number = tuple[UUID, UUID, int]
"""Node, spool, number."""
FORGOTTEN: Final = "noted"
"""The fate of an event whose row is gone while its number is kept."""

_IDS: Final[BindParameter[Sequence[UUID]]] = bindparam("ids", expanding=True)
_STORED: Final = select(events.c.id, events.c.node_id, events.c.fate).where(events.c.id.in_(_IDS))
_NODES: Final = select(event_ids.c.id, event_ids.c.node_id).where(event_ids.c.id.in_(_IDS))


def add_event(conn: Connection, row: Mapping[str, object]) -> bool:
    """Insert an event; False if its id or its number is taken."""
    if _keys(conn) is event_ids and not add_once(conn, event_ids, _keys_of(row)):
        return False
    return add_once(conn, events, row)


def add_new_event(conn: Connection, row: Mapping[str, object]) -> None:
    """Insert an event whose id and number are known to be free."""
    if _keys(conn) is event_ids:
        add(conn, event_ids, _keys_of(row))
    add(conn, events, row)


def stored(conn: Connection, ids: Collection[UUID]) -> dict[UUID, tuple[UUID, str]]:
    """The events among these that were stored before: node and fate by id."""
    if _keys(conn) is events:
        return {row.id: (row.node_id, row.fate) for row in conn.execute(_STORED, {"ids": [*ids]})}
    nodes = {row.id: row.node_id for row in conn.execute(_NODES, {"ids": [*ids]})}
    if not nodes:  # as nearly always: nothing is asked of the parts
        return {}
    fates = {row.id: row.fate for row in conn.execute(_STORED, {"ids": [*nodes]})}
    return {one: (node_id, fates.get(one, FORGOTTEN)) for one, node_id in nodes.items()}


def taken(conn: Connection, numbers: Collection[Number]) -> set[Number]:
    """The numbers among these that are used by stored events."""
    keys = _keys(conn)
    columns = keys.c.node_id, keys.c.spool_id, keys.c.seq
    query = select(*columns).where(tuple_(*columns).in_([*numbers]))
    return {(row.node_id, row.spool_id, row.seq) for row in conn.execute(query)}


def highest(conn: Connection, node_id: UUID, spool_id: UUID) -> int:
    """The highest number of a spool; 0: none."""
    keys = _keys(conn)
    of_spool = (keys.c.node_id == node_id) & (keys.c.spool_id == spool_id)
    return conn.scalar(select(func.max(keys.c.seq)).where(of_spool)) or 0


def _keys(conn: Connection) -> Table:
    return event_ids if conn.dialect.name == "postgresql" else events


def _keys_of(row: Mapping[str, object]) -> dict[str, object]:
    return {column.name: row[column.name] for column in event_ids.columns}
