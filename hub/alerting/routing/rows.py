"""Rows of alert rules: the rules of an alert's camera, and the rule that an alert follows.

Everything works in the caller's transaction; `hub.alerting.routing.rules` decides what a rule
means.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, Uuid, bindparam, insert, literal, select, update

from hub.access.rules.grants import CameraPlace
from hub.alerting.alerts.rules.rules_met import Rules
from hub.alerting.alerts.tables import alerts
from hub.alerting.routing.rules import (
    DEFAULT,
    AlertRule,
    RoutingDecision,
    RuleSubject,
    Timed,
    Window,
    judge,
    subjects_of,
)
from hub.alerting.routing.tables import alert_rules
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns
from hub.base.db.rows import from_row
from hub.base.db.statements import read_once, remember
from hub.base.moment import Moment
from hub.registry.tables import areas, cameras

REASON_CHARS: Final = 300
TOLD_NOBODY: Final = "a rule tells nobody of it"


def _path() -> Select[UUID, int]:
    """An area and its parents, the nearest first."""
    above = (
        select(areas.c.id, literal(0).label("depth"))
        .where(areas.c.id == bindparam("area_id", type_=Uuid))
        .cte("rule_areas", recursive=True)
    )
    # A cycle of areas, which only a fault could make, must not loop for ever.
    above = above.union_all(
        select(areas.c.parent_id, above.c.depth + 1)
        .join(above, areas.c.id == above.c.id)
        .where(areas.c.parent_id.is_not(None), above.c.depth < 12)
    )
    return select(above.c.id, above.c.depth).order_by(above.c.depth)


_PATH: Final = _path()
_AREA: Final = select(cameras.c.area_id).where(cameras.c.id == bindparam("camera_id"))
_ANY: Final = select(alert_rules.c.id).where(alert_rules.c.ended_utc_us.is_(None)).limit(1)
_ALL: Final = select(alert_rules).where(alert_rules.c.ended_utc_us.is_(None))
_RULE_OF: Final = select(alerts.c.rule_id).where(alerts.c.id == bindparam("alert_id"))
_FIRST_TEAM: Final = select(alert_rules.c.team_id, alert_rules.c.wait_s).where(
    alert_rules.c.id == bindparam("rule_id"), alert_rules.c.team_id.is_not(None)
)


def routing_decision(
    conn: Connection, camera_id: UUID, kind: str, met: Rules, *, at: Moment
) -> RoutingDecision:
    """Routing decision for an alert of this kind, at that moment, with these camera rules met."""
    return decision_on_subjects(conn, camera_id, subjects_of(kind, met), at=at)


def decision_on_subjects(
    conn: Connection, camera_id: UUID, what: Iterable[RuleSubject], *, at: Moment
) -> RoutingDecision:
    """Routing decision for subjects given by name; see `routing_decision`."""
    if not read_once(conn, _ANY):
        return DEFAULT  # so it is in a town without rules
    [camera] = read_once(conn, _AREA, {"camera_id": camera_id})
    path = [row.id for row in read_once(conn, _PATH, {"area_id": camera.area_id})]
    rows = read_once(conn, _ALL)
    rows = [row for row in rows if row.camera_id == camera_id or row.area_id in path]
    parents = dict(zip(path, [*path[1:], None], strict=True))
    return judge(timed(rows, at), CameraPlace(camera_id, path[0]), what, parents)


def know_areas(conn: Connection, rows: Iterable[AnyRow]) -> None:
    """Note the areas of several cameras, read together: rows with `id` and `area_id`."""
    for row in rows:
        remember(conn, _AREA, {"camera_id": row.id}, [row])


def timed(rows: Iterable[AnyRow], at: Moment) -> list[Timed]:
    """Rules, each with the moment in its own time zone."""
    return [(rule_of(row), on_wall(row.time_zone, at)) for row in rows]


def on_wall(time_zone: str, at: Moment) -> datetime:
    """The moment as local time in that time zone."""
    utc = datetime.fromtimestamp(at.utc_us / 1e6, UTC)
    return utc.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)


def rule_of(row: AnyRow) -> AlertRule:
    """Convert a row of the table."""
    return from_row(
        AlertRule,
        row,
        rule_id=row.id,
        window=Window(
            frozenset(day for day in range(7) if row.weekdays & 1 << day),
            row.starts_minute,
            row.ends_minute,
            None if row.from_day is None else date.fromisoformat(row.from_day),
            None if row.until_day is None else date.fromisoformat(row.until_day),
        ),
    )


def first_team(conn: Connection, alert_id: UUID) -> tuple[UUID, int] | None:
    """The team that a rule calls first for this alert, and the wait in seconds after that; None if
    no rule does."""
    return first_team_of(conn, conn.scalar(_RULE_OF, {"alert_id": alert_id}))


def first_team_of(conn: Connection, rule_id: UUID | None) -> tuple[UUID, int] | None:
    """The team that this rule calls first, and the wait in seconds after that; None if it calls
    none."""
    found = read_once(conn, _FIRST_TEAM, {"rule_id": rule_id}) if rule_id is not None else ()
    return (found[0].team_id, found[0].wait_s) if found else None


def calls_team(conn: Connection, team_id: UUID) -> bool:
    """Whether a rule that has not ended calls this team."""
    query = select(alert_rules.c.id).where(
        alert_rules.c.team_id == team_id, alert_rules.c.ended_utc_us.is_(None)
    )
    return conn.execute(query.limit(1)).first() is not None


def add(
    conn: Connection,
    rule: AlertRule,
    *,
    time_zone: str,
    reason: str,
    made_by: UUID | None,
    now: Moment,
) -> None:
    """Store a rule; it is active from now on."""
    window = rule.window
    conn.execute(
        insert(alert_rules).values(
            id=rule.rule_id,
            area_id=rule.area_id,
            camera_id=rule.camera_id,
            kind=rule.kind,
            zone=rule.zone,
            weekdays=sum(1 << day for day in window.weekdays),
            starts_minute=window.starts_minute,
            ends_minute=window.ends_minute,
            from_day=None if window.from_day is None else window.from_day.isoformat(),
            until_day=None if window.until_day is None else window.until_day.isoformat(),
            time_zone=time_zone,
            tells=rule.tells,
            team_id=rule.team_id,
            wait_s=rule.wait_s,
            urgency=rule.urgency,
            reason=text(reason, REASON_CHARS),
            made_by=made_by,
            **columns("made", now),
        )
    )


def end(conn: Connection, rule_id: UUID, *, ended_by: UUID | None, now: Moment) -> None:
    """End a rule; alerts that already follow it are not changed."""
    conn.execute(
        update(alert_rules)
        .where(alert_rules.c.id == rule_id, alert_rules.c.ended_utc_us.is_(None))
        .values(ended_by=ended_by, **columns("ended", now))
    )
