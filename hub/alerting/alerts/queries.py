"""Queries of the service, each limited to a scope: conditions in, read models out.

Only services call these; they add the audit.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    ScalarSelect,
    Select,
    Uuid,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
)

from hub.access.rules.grants import Right
from hub.access.scope import NOW, visible_to, visible_values
from hub.access.tables import people
from hub.alerting.alerts.rules.grouping import OPEN_SIGHTING_S
from hub.alerting.alerts.rules.kinds import TAMPERINGS, About, Kind, entry_of
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.rules.rules_met import from_text
from hub.alerting.alerts.scope import (
    IS_RUNNING,
    IS_TROUBLE,
    seen_alerts,
    told_alerts,
    troubles_seen,
)
from hub.alerting.alerts.tables import alert_changes, alert_history, alerts, sightings, troubles
from hub.alerting.alerts.views import AlertChange, AlertRow, HistoryRow, SightingRow
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.registry.areas import places
from hub.registry.tables import cameras, nodes

IS_ONGOING: Final = case(
    (IS_TROUBLE, troubles.c.alert_id.is_not(None) & troubles.c.over_utc_us.is_(None)),
    (alerts.c.kind.in_(sorted(TAMPERINGS)), alerts.c.over_utc_us.is_(None)),
    (alerts.c.kind == Kind.TIP, false()),
    else_=exists().where(
        sightings.c.alert_id == alerts.c.id,
        sightings.c.closed_utc_us.is_(None),
        or_(
            alerts.c.confirmed_error_ms.is_(None),  # then its times say nothing about now
            sightings.c.last_seen_utc_us > NOW - round(OPEN_SIGHTING_S * 1_000_000),
        ),
    ),
)
"""SQL condition: the subject of a running alert still goes on; for queries with `troubles`
joined."""


def alert_query(
    *conditions: ColumnElement[bool],
    newest_by: ColumnElement[int],
    limit: int | BindParameter[int] | None = None,
) -> AnySelect:
    """Query of the alerts that meet the conditions and that the person of `alert_rows` may see."""
    taker, closer = people.alias("taker"), people.alias("closer")
    offered = people.alias("offered")
    scope = visible_to(Right.SEE).subquery("scope")
    playable = visible_to(Right.CLIPS).subquery("playable")
    return (
        select(
            alerts,
            cameras.c.label,
            nodes.c.name.label("node_name"),
            func.coalesce(troubles.c.area_id, cameras.c.area_id).label("area_id"),
            taker.c.name.label("taken_by_name"),
            closer.c.name.label("closed_by_name"),
            offered.c.name.label("offered_to_name"),
            playable.c.camera_id.is_not(None).label("may_play"),
            IS_ONGOING.label("is_ongoing"),
        )
        .outerjoin(scope, seen_alerts(scope))
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .outerjoin(troubles, troubles.c.alert_id == alerts.c.id)
        .outerjoin(playable, seen_alerts(playable))
        .outerjoin(taker, taker.c.id == alerts.c.taken_by)
        .outerjoin(closer, closer.c.id == alerts.c.closed_by)
        .outerjoin(offered, offered.c.id == alerts.c.offered_to)
        .where(*conditions, or_(scope.c.camera_id.is_not(None), troubles_seen()))
        .order_by(newest_by.desc(), alerts.c.id.desc())
        .limit(limit)
    )


_RUNNING: Final = alert_query(IS_RUNNING, newest_by=alerts.c.raised_utc_us)
_HANDLED: Final = alert_query(
    alerts.c.closed_utc_us.is_not(None),
    newest_by=alerts.c.closed_utc_us,
    limit=bindparam("most", type_=Integer),
)
_THESE: Final = alert_query(
    alerts.c.id.in_(bindparam("these", expanding=True, type_=Uuid)),
    newest_by=alerts.c.raised_utc_us,
)
_ONE: Final = alert_query(
    alerts.c.id == bindparam("one_id", type_=Uuid), newest_by=alerts.c.raised_utc_us
)


def count_query(condition: ColumnElement[bool]) -> Select[int]:
    """Query of the number of alerts that meet the condition and that a person may see."""
    scope = visible_to(Right.SEE).subquery("scope")
    return (
        select(func.count(alerts.c.id))
        .outerjoin(scope, seen_alerts(scope))
        .where(condition, or_(scope.c.camera_id.is_not(None), troubles_seen()))
    )


def _untaken() -> ScalarSelect[int]:
    told = visible_to(Right.ALERTED).subquery("told")
    scope = visible_to(Right.SEE).subquery("scope")
    is_theirs = or_(scope.c.camera_id.is_not(None), told.c.camera_id.is_not(None), troubles_seen())
    return (
        select(func.count(alerts.c.id))
        .outerjoin(scope, seen_alerts(scope))
        .outerjoin(told, told_alerts(told))
        .where(alerts.c.state == AlertState.OPEN, is_theirs)
        .scalar_subquery()
    )


UNTAKEN: Final = _untaken()
"""Number of alerts that nobody has taken and a person may see, or is told of in words; for the
navigation."""


def alert_rows(
    conn: Connection,
    person_id: UUID,
    *conditions: ColumnElement[bool],
    newest_by: ColumnElement[int],
    now: Moment,
    limit: int | None = None,
) -> list[AlertRow]:
    """The alerts this person may see that meet the conditions, newest first."""
    query = alert_query(*conditions, newest_by=newest_by, limit=limit)
    return _found(conn, query, visible_values(person_id, now))


def running_alerts(conn: Connection, person_id: UUID, now: Moment) -> list[AlertRow]:
    """Alerts this person may see that are not closed, newest first."""
    return _found(conn, _RUNNING, visible_values(person_id, now))


def handled_alerts(conn: Connection, person_id: UUID, now: Moment, most: int) -> list[AlertRow]:
    """Closed alerts, last closed first."""
    return _found(conn, _HANDLED, {**visible_values(person_id, now), "most": most})


def these_alerts(
    conn: Connection, person_id: UUID, alert_ids: Sequence[UUID], now: Moment
) -> list[AlertRow]:
    """The alerts among these that this person may see, in the order given."""
    if not alert_ids:
        return []
    rows = _found(conn, _THESE, {**visible_values(person_id, now), "these": list(alert_ids)})
    found = {row.alert_id: row for row in rows}
    return [found[alert_id] for alert_id in alert_ids if alert_id in found]


def one_alert(conn: Connection, person_id: UUID, alert_id: UUID, now: Moment) -> AlertRow | None:
    """The alert, if this person may see it."""
    found = _found(conn, _ONE, {**visible_values(person_id, now), "one_id": alert_id})
    return found[0] if found else None


def _found(conn: Connection, query: AnySelect, values: Mapping[str, object]) -> list[AlertRow]:
    rows = conn.execute(query, values).all()
    where = places(conn, {row.area_id for row in rows})
    return [
        _alert_row(row, "" if entry_of(row.kind).is_everywhere else where[row.area_id])
        for row in rows
    ]


_CLIPS: Final = visible_to(Right.CLIPS).subquery("scope")
_PLAYABLE: Final = (
    select(alerts.c.id)
    .join(_CLIPS, seen_alerts(_CLIPS))
    .where(alerts.c.id == bindparam("one_id", type_=Uuid))
)


def may_play(conn: Connection, person_id: UUID, alert_id: UUID, now: Moment) -> bool:
    """Whether this person may play the alert's clips."""
    values = {**visible_values(person_id, now), "one_id": alert_id}
    return conn.scalar(_PLAYABLE, values) is not None


def alert_sightings(conn: Connection, alert_id: UUID) -> list[SightingRow]:
    """The alert's sightings, first seen first."""
    query = (
        select(sightings)
        .where(sightings.c.alert_id == alert_id)
        .order_by(sightings.c.first_seen_utc_us, sightings.c.id)
    )
    return [from_row(SightingRow, row, sighting_id=row.id) for row in conn.execute(query)]


def history(conn: Connection, alert_id: UUID) -> list[HistoryRow]:
    """The history of the alert, oldest first."""
    query = (
        select(alert_history, people.c.name)
        .outerjoin(people, people.c.id == alert_history.c.person_id)
        .where(alert_history.c.alert_id == alert_id)
        .order_by(alert_history.c.at_utc_us, alert_history.c.id)
    )
    return [from_row(HistoryRow, row, who=row.name) for row in conn.execute(query)]


def _changes_query() -> AnySelect:
    scope = visible_to(Right.SEE).subquery("scope")
    told = visible_to(Right.ALERTED).subquery("told")
    newest = func.max(alert_changes.c.cursor).label("cursor")
    return (
        select(
            alert_changes.c.alert_id, newest, func.max(alert_changes.c.revision).label("revision")
        )
        .join(alerts, alerts.c.id == alert_changes.c.alert_id)
        .outerjoin(scope, seen_alerts(scope))
        .outerjoin(told, told_alerts(told))
        .where(
            alert_changes.c.cursor > bindparam("after", type_=BigInteger),
            or_(scope.c.camera_id.is_not(None), told.c.camera_id.is_not(None), troubles_seen()),
        )
        .group_by(alert_changes.c.alert_id)
        .order_by(newest)
    )


_CHANGES: Final = _changes_query()


def changes(conn: Connection, person_id: UUID, *, after: int, now: Moment) -> list[AlertChange]:
    """The newest change, after a cursor, of each alert that this person may see or is told of."""
    rows = conn.execute(_CHANGES, {**visible_values(person_id, now), "after": after})
    return [from_row(AlertChange, row) for row in rows]


_LAST_CURSOR: Final = select(func.max(alert_changes.c.cursor))


def last_cursor(conn: Connection) -> int:
    """Cursor of the newest change of any alert."""
    return conn.scalar(_LAST_CURSOR) or 0


def _label(row: AnyRow) -> str:
    """Name of the alert's subject for people: its camera, the silent node, or the broker."""
    match entry_of(row.kind).about:
        case About.NODE:
            return str(row.node_name)
        case About.BROKER:
            return str(row.zone or "")
        case About.NOTHING:
            return ""
        case About.CAMERA | About.NEAREST_CAMERA:
            return str(row.label)


def _alert_row(row: AnyRow, place: str) -> AlertRow:
    return from_row(
        AlertRow,
        row,
        alert_id=row.id,
        camera_label=_label(row),
        place=place,
        state=AlertState(row.state).value,
        error_ms=row.confirmed_error_ms,
        clip_id=row.clip_id if row.may_play else None,
        rules=from_text(row.rules),
        is_critical=row.severity == "critical",
        is_ongoing=bool(row.is_ongoing) and AlertState(row.state).is_running,
    )
