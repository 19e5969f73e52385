"""Queries of alerts for people who are told of them but may not see them: words, never a picture.

Only services call these; they add the audit.
"""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Uuid,
    bindparam,
    select,
)

from hub.access.rules.grants import Right
from hub.access.scope import visible_to, visible_values
from hub.access.tables import people
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.rules.rules_met import from_text
from hub.alerting.alerts.scope import IS_RUNNING, seen_alerts, told_alerts
from hub.alerting.alerts.tables import alert_history, alerts
from hub.alerting.alerts.views import AlertInWords, Going
from hub.base.db.columns import AnySelect
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.registry.areas import places
from hub.registry.tables import cameras

GOING: Final = "going"
"""Act in an alert's history: this person goes to the place."""
NOT_GOING: Final = "not_going"
"""Act in an alert's history: they do not go after all."""

_TOLD: Final = (
    alerts.c.id,
    alerts.c.kind,
    alerts.c.state,
    alerts.c.people,
    alerts.c.began_utc_us,
    alerts.c.raised_utc_us,
    alerts.c.confirmed_error_ms,
    alerts.c.clock_source,
    alerts.c.taken_utc_us,
    alerts.c.closed_by,
    alerts.c.closed_utc_us,
    alerts.c.revision,
    alerts.c.over_utc_us,
    alerts.c.rules,
    alerts.c.severity,
)
"""All that is read of an alert: no id of a picture, a clip or a sighting."""


def _query(
    *conditions: ColumnElement[bool],
    newest_by: ColumnElement[int],
    limit: BindParameter[int] | None = None,
) -> AnySelect:
    taker, closer = people.alias("taker"), people.alias("closer")
    told = visible_to(Right.ALERTED).subquery("told")
    seen = visible_to(Right.SEE).subquery("seen")
    return (
        select(
            *_TOLD,
            cameras.c.label,
            cameras.c.area_id,
            taker.c.name.label("taken_by_name"),
            closer.c.name.label("closed_by_name"),
        )
        .join(told, told_alerts(told))
        .outerjoin(seen, seen_alerts(seen))
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .outerjoin(taker, taker.c.id == alerts.c.taken_by)
        .outerjoin(closer, closer.c.id == alerts.c.closed_by)
        .where(*conditions, seen.c.camera_id.is_(None))
        .order_by(newest_by.desc(), alerts.c.id.desc())
        .limit(limit)
    )


# Built once, like the queries of alerts that are seen.
_RUNNING: Final = _query(IS_RUNNING, newest_by=alerts.c.raised_utc_us)
_HANDLED: Final = _query(
    alerts.c.closed_utc_us >= bindparam("since_utc_us", type_=BigInteger),
    newest_by=alerts.c.closed_utc_us,
    limit=bindparam("most", type_=Integer),
)
_ONE: Final = _query(
    alerts.c.id == bindparam("one_id", type_=Uuid), newest_by=alerts.c.raised_utc_us
)


def running(conn: Connection, person_id: UUID, now: Moment) -> list[AlertInWords]:
    """Alerts that are not closed, that this person is told of but may not see; newest first."""
    return _found(conn, _RUNNING, visible_values(person_id, now))


def handled(
    conn: Connection, person_id: UUID, now: Moment, most: int, *, since_utc_us: int
) -> list[AlertInWords]:
    """Alerts closed since that time that this person is told of but may not see, at most `most`,
    last closed first. The time limits the work for a person who may see all their alerts: for them
    the result is empty, however many alerts were closed."""
    asked = {"most": most, "since_utc_us": since_utc_us}
    return _found(conn, _HANDLED, {**visible_values(person_id, now), **asked})


def one(conn: Connection, person_id: UUID, alert_id: UUID, now: Moment) -> AlertInWords | None:
    """The alert, if this person is told of it but may not see it."""
    found = _found(conn, _ONE, {**visible_values(person_id, now), "one_id": alert_id})
    return found[0] if found else None


def _found(conn: Connection, query: AnySelect, values: Mapping[str, object]) -> list[AlertInWords]:
    rows = conn.execute(query, values).all()
    where = places(conn, {row.area_id for row in rows})
    return [
        from_row(
            AlertInWords,
            row,
            alert_id=row.id,
            camera_label=row.label,
            place=where[row.area_id],
            state=AlertState(row.state).value,
            error_ms=row.confirmed_error_ms,
            rules=from_text(row.rules),
            is_critical=row.severity == "critical",
        )
        for row in rows
    ]


def going(conn: Connection, alert_ids: Collection[UUID]) -> dict[UUID, tuple[Going, ...]]:
    """People who said that they go to each of these alerts and did not take it back, in the order
    in which they said it."""
    query = (
        select(
            alert_history.c.alert_id,
            alert_history.c.act,
            alert_history.c.person_id,
            alert_history.c.at_utc_us,
            people.c.name,
        )
        .join(people, people.c.id == alert_history.c.person_id)
        .where(
            alert_history.c.alert_id.in_(list(alert_ids)),
            alert_history.c.act.in_([GOING, NOT_GOING]),
        )
        .order_by(alert_history.c.at_utc_us, alert_history.c.id)
    )
    found: dict[UUID, dict[UUID, Going]] = {}
    for row in conn.execute(query):
        here = found.setdefault(row.alert_id, {})
        if row.act == GOING:
            here.setdefault(row.person_id, Going(row.person_id, row.name, row.at_utc_us))
        else:
            here.pop(row.person_id, None)
    return {alert_id: tuple(here.values()) for alert_id, here in found.items()}
