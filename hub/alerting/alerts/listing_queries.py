"""Facts of the alerts that a person may see, for lists: a few columns of each, read at once."""

from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, func, or_, select

from hub.access.rules.grants import Right
from hub.access.scope import visible_to, visible_values
from hub.alerting.alerts.queries import IS_ONGOING, count_query
from hub.alerting.alerts.rules.kinds import entry_of
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.rules.listing import AlertFacts
from hub.alerting.alerts.scope import IS_RUNNING, seen_alerts, troubles_seen
from hub.alerting.alerts.tables import alerts, troubles
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.moment import Moment
from hub.registry.areas import lineages
from hub.registry.tables import cameras, nodes

Names = dict[UUID, str]
"""Names of areas."""

_CLOSED: Final = alerts.c.closed_utc_us >= bindparam("since_utc_us", type_=BigInteger)
_ID: Final = alerts.c.id == bindparam("one_id")


def _facts_query(condition: ColumnElement[bool]) -> AnySelect:
    scope = visible_to(Right.SEE).subquery("scope")
    return (
        select(
            alerts.c.id,
            alerts.c.kind,
            alerts.c.state,
            alerts.c.severity,
            alerts.c.taken_by,
            alerts.c.offered_to,
            alerts.c.closed_by,
            alerts.c.raised_utc_us,
            alerts.c.closed_utc_us,
            func.coalesce(troubles.c.area_id, cameras.c.area_id).label("area_id"),
            cameras.c.node_id,
            nodes.c.name.label("node_name"),
            IS_ONGOING.label("is_ongoing"),
        )
        .outerjoin(scope, seen_alerts(scope))
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .outerjoin(troubles, troubles.c.alert_id == alerts.c.id)
        .where(condition, or_(scope.c.camera_id.is_not(None), troubles_seen()))
    )


_RUNNING_FACTS: Final = _facts_query(IS_RUNNING)
_CLOSED_FACTS: Final = _facts_query(_CLOSED)
_ONE_FACTS: Final = _facts_query(_ID)
_RUNNING_COUNT: Final = count_query(IS_RUNNING)
_CLOSED_COUNT: Final = count_query(_CLOSED)


def running_facts(conn: Connection, person_id: UUID, now: Moment) -> tuple[list[AlertFacts], Names]:
    """Facts of the alerts that are not closed, and the names of their areas."""
    return _facts(conn, _RUNNING_FACTS, person_id, visible_values(person_id, now))


def closed_facts(
    conn: Connection, person_id: UUID, now: Moment, *, since_utc_us: int
) -> tuple[list[AlertFacts], Names]:
    """Facts of the alerts closed since then, and the names of their areas."""
    values = {**visible_values(person_id, now), "since_utc_us": since_utc_us}
    return _facts(conn, _CLOSED_FACTS, person_id, values)


def facts_of(conn: Connection, person_id: UUID, alert_id: UUID, now: Moment) -> AlertFacts | None:
    """Facts of one alert, if this person may see it."""
    values = {**visible_values(person_id, now), "one_id": alert_id}
    found, _ = _facts(conn, _ONE_FACTS, person_id, values)
    return found[0] if found else None


def running_count(conn: Connection, person_id: UUID, now: Moment) -> int:
    """Number of alerts that are not closed."""
    return conn.scalar(_RUNNING_COUNT, visible_values(person_id, now)) or 0


def closed_count(conn: Connection, person_id: UUID, now: Moment, *, since_utc_us: int) -> int:
    """Number of alerts closed since then."""
    values = {**visible_values(person_id, now), "since_utc_us": since_utc_us}
    return conn.scalar(_CLOSED_COUNT, values) or 0


def _facts(
    conn: Connection, query: AnySelect, person_id: UUID, values: dict[str, object]
) -> tuple[list[AlertFacts], Names]:
    rows = conn.execute(query, values).all()
    above = lineages(conn, {row.area_id for row in rows})
    names = {area_id: name for parts in above.values() for area_id, name in parts}
    return [_one(row, above.get(row.area_id, []), person_id) for row in rows], names


def _one(row: AnyRow, above: list[tuple[UUID, str]], person_id: UUID) -> AlertFacts:
    state = AlertState(row.state)
    is_everywhere = entry_of(row.kind).is_everywhere
    return AlertFacts(
        alert_id=row.id,
        kind=row.kind,
        area_ids=() if is_everywhere else tuple(area_id for area_id, _ in above),
        node_id=row.node_id,
        node_name=row.node_name,
        at_utc_us=row.raised_utc_us if state.is_running else row.closed_utc_us,
        is_critical=row.severity == "critical",
        is_running=state.is_running,
        is_open=state is AlertState.OPEN,
        is_mine=person_id in (row.taken_by, row.offered_to, row.closed_by),
        is_held=row.taken_by == person_id,
        is_ongoing=bool(row.is_ongoing) and state.is_running,
    )
