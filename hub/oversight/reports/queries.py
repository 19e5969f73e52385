"""Facts of a leader's report, limited to the cameras this person may see.

Only `hub.oversight.reports.service` calls these; it adds the audit. A trouble of several cameras
counts for each of them until it is over for all: an earlier recovery of one camera is not recorded.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Subquery, case, func, or_, select

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.scope import IS_TROUBLE, seen_alerts
from hub.alerting.alerts.tables import alert_history, alerts, trouble_cameras, troubles
from hub.base.db.columns import AnyRow
from hub.base.moment import Moment
from hub.oversight.reports.quarters import quarters
from hub.oversight.reports.rules import AlertFact, CameraFact, DarkFact, Facts
from hub.registry.areas import places
from hub.registry.tables import cameras, nodes

TAKEN: Final = "taken"
ANSWERS: Final = (TAKEN, "resolved", "false_alarm")
REOPENED: Final = "reopened"
DARK: Final = (Kind.CAMERA_LOST, Kind.NODE_SILENT, Kind.LINK_LOST)


def facts(conn: Connection, person_id: UUID, slots: tuple[int, ...], now: Moment) -> Facts:
    """All facts of the span with these bounds."""
    scope = visible_cameras(person_id, Right.SEE, now).subquery("scope")
    return Facts(
        slots=slots,
        alerts=_alerts(conn, scope, slots[0], slots[-1]),
        dark=_dark(conn, scope, slots[0], slots[-1]),
        seen_until_utc_us=now.utc_us,
    )


def named_cameras(conn: Connection, person_id: UUID, now: Moment) -> list[CameraFact]:
    """The cameras this person may see."""
    scope = visible_cameras(person_id, Right.SEE, now).subquery("scope")
    query = select(cameras.c.id, cameras.c.label, cameras.c.area_id)
    rows = conn.execute(query.join(scope, scope.c.camera_id == cameras.c.id)).all()
    area_ids = {row.area_id for row in rows}
    where, quarter = places(conn, area_ids), quarters(conn, area_ids)
    return [CameraFact(row.id, row.label, where[row.area_id], quarter[row.area_id]) for row in rows]


def _alerts(conn: Connection, scope: Subquery, first: int, last: int) -> list[AlertFact]:
    answers = (
        select(
            alert_history.c.alert_id,
            _first(TAKEN).label("taken"),
            _first(*ANSWERS).label("answered"),
            _first(REOPENED).label("reopened"),
        )
        .join(alerts, alerts.c.id == alert_history.c.alert_id)
        .where(
            alert_history.c.act.in_((*ANSWERS, REOPENED)),
            alerts.c.raised_utc_us.between(first, last),
        )
        .group_by(alert_history.c.alert_id)
        .subquery("answers")
    )
    query = (
        select(
            alerts.c.camera_id,
            alerts.c.raised_utc_us,
            alerts.c.arrived_utc_us,
            alerts.c.state,
            alerts.c.false_cause,
            alerts.c.quiet_reason,
            answers.c.taken,
            answers.c.answered,
            answers.c.reopened,
        )
        .join(scope, seen_alerts(scope))
        .outerjoin(answers, answers.c.alert_id == alerts.c.id)
        .where(~IS_TROUBLE, alerts.c.raised_utc_us >= first, alerts.c.raised_utc_us < last)
    )
    return [
        AlertFact(
            camera_id=row.camera_id,
            raised_utc_us=row.raised_utc_us,
            taken_utc_us=_taken(row),
            is_answered=row.answered is not None,
            arrived_utc_us=row.arrived_utc_us,
            is_false=row.state == AlertState.FALSE_ALARM,
            cause=row.false_cause,
            is_quiet=row.quiet_reason is not None,
        )
        for row in conn.execute(query)
    ]


def _first(*acts: str) -> ColumnElement[int | None]:
    return func.min(case((alert_history.c.act.in_(acts), alert_history.c.at_utc_us)))


def _taken(row: AnyRow) -> int | None:
    """The first take. None after a reopening: the alert was closed until then, so nobody was
    late."""
    is_later = row.taken and row.reopened and row.taken > row.reopened
    return None if is_later else row.taken


def _dark(conn: Connection, scope: Subquery, first: int, last: int) -> list[DarkFact]:
    query = (
        select(
            cameras.c.id,
            nodes.c.name,
            alerts.c.began_utc_us,
            troubles.c.over_utc_us,
        )
        .join(alerts, alerts.c.id == troubles.c.alert_id)
        .join(trouble_cameras, trouble_cameras.c.alert_id == troubles.c.alert_id)
        .join(cameras, cameras.c.id == trouble_cameras.c.camera_id)
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .join(scope, scope.c.camera_id == cameras.c.id)
        .where(
            troubles.c.kind.in_(DARK),
            alerts.c.began_utc_us < last,
            alerts.c.began_utc_us >= scope.c.from_utc_us,
            or_(troubles.c.over_utc_us.is_(None), troubles.c.over_utc_us > first),
        )
    )
    return [
        DarkFact(row.id, row.name, row.began_utc_us, row.over_utc_us) for row in conn.execute(query)
    ]
