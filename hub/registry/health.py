"""Health reports of nodes: the last one, and one per quarter of an hour for a week."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Connection, bindparam, delete, func, select

from agent.wire.presence import Health
from hub.base.db.columns import columns
from hub.base.db.statements import add, put, read_once
from hub.base.moment import Moment
from hub.registry.tables import health_history, node_health

SAMPLE_S: Final = 900.0
KEPT_S: Final = 7 * 86_400.0

_NEWEST: Final = select(func.max(health_history.c.received_utc_us).label("newest")).where(
    health_history.c.node_id == bindparam("node_id")
)


@dataclass(frozen=True, slots=True)
class LastHealth:
    """A node's last health report."""

    node_id: UUID
    said: Health
    received_utc_us: int
    """By the hub's clock."""


def note(conn: Connection, node_id: UUID, health: Health, *, now: Moment) -> None:
    """Store the report as the last one, and in the history if one is due."""
    row = {"node_id": node_id, "body": health.model_dump_json(), **columns("received", now)}
    put(conn, node_health, row)
    newest = read_once(conn, _NEWEST, {"node_id": node_id})[0].newest
    # If the hub's clock steps back, the history must not stop until the old time is reached.
    if newest is None or abs(now.utc_us - newest) >= SAMPLE_S * 1_000_000:
        of_node = health_history.c.node_id == node_id
        oldest = now.plus_s(-KEPT_S).utc_us
        stale = of_node & (health_history.c.received_utc_us < oldest)
        conn.execute(delete(health_history).where(stale))
        again = of_node & (health_history.c.received_utc_us >= now.utc_us)
        conn.execute(delete(health_history).where(again))
        add(conn, health_history, row)


def latest(conn: Connection) -> dict[UUID, LastHealth]:
    """Last report of every node that ever sent one."""
    rows = conn.execute(select(node_health)).all()
    found = (_read(row.node_id, row.body, row.received_utc_us) for row in rows)
    return {one.node_id: one for one in found if one is not None}


def history(conn: Connection, node_id: UUID) -> list[LastHealth]:
    """Stored history of one node, oldest first."""
    rows = conn.execute(
        select(health_history)
        .where(health_history.c.node_id == node_id)
        .order_by(health_history.c.received_utc_us)
    ).all()
    found = (_read(row.node_id, row.body, row.received_utc_us) for row in rows)
    return [one for one in found if one is not None]


@lru_cache(maxsize=1024)  # the map asks for the same ones every few seconds
def readable(body: str) -> Health | None:
    """The stored report; None for a format of an older hub that this one cannot read."""
    try:
        return Health.model_validate_json(body)
    except ValidationError:
        return None


def _read(node_id: UUID, body: str, received_utc_us: int) -> LastHealth | None:
    said = readable(body)
    return None if said is None else LastHealth(node_id, said, received_utc_us)
