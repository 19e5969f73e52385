"""Queries for people who decide who must know, limited to the places they look after and may see.

Only `hub.alerting.routing.service` calls these; it adds the audit.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, or_, select

from hub.access.grants.queries import tended_places
from hub.access.rules.grants import CameraPlace, Right, at_or_above
from hub.access.scope import visible_cameras
from hub.access.tables import people
from hub.alerting.alerts.rules.rules_met import from_text
from hub.alerting.alerts.scope import seen_alerts, seen_troubles
from hub.alerting.alerts.tables import alerts
from hub.alerting.oncall.roster_rows import read_teams, with_absences
from hub.alerting.oncall.scope import tended_teams
from hub.alerting.routing.rows import on_wall, rule_of, timed
from hub.alerting.routing.rules import AlertRule, RoutingDecision, judge, subjects_of
from hub.alerting.routing.tables import alert_rules
from hub.alerting.routing.views import AlertRuleRow, RulePlace, RulesPage, RuleTrial, TriedAlert
from hub.base.db.columns import AnyRow
from hub.base.moment import Moment
from hub.base.text.order import by_place
from hub.registry import zones
from hub.registry.areas import area_parents, camera_at, places
from hub.registry.tables import cameras

WEEK_S: Final = 7 * 86_400.0
TRIED_AT_MOST: Final = 5_000
"""A rule is tried on at most this many alerts of a week, the newest."""


def rules_page(conn: Connection, person_id: UUID, now: Moment) -> RulesPage:
    """Rules of the areas and cameras this person looks after, and of the areas above."""
    tended, seen = tended_places(conn, person_id, now)
    mine = {row.id for row in seen}
    homes = {row.area_id for row in seen}
    parents = area_parents(conn)
    above: set[UUID] = set()
    for area_id in tended | homes:
        above |= at_or_above(area_id, parents)
    rows = _rows(conn, or_(alert_rules.c.area_id.in_(above), alert_rules.c.camera_id.in_(mine)))
    names = places(conn, above | {row.camera_area_id for row in rows if row.camera_area_id})
    teams = set(conn.scalars(tended_teams(person_id, now)))
    called = {row.team_id for row in rows if row.team_id is not None}
    return RulesPage(
        rules=tuple(
            _row(row, names, may_end=row.area_id in tended or row.camera_id in mine) for row in rows
        ),
        places=_places(tended, seen, names),
        teams=with_absences(conn, read_teams(conn, teams | called)),
        callable_teams=tuple(teams),
        seen_utc_us=now.utc_us,
        zones=zones.labels(conn, mine),
    )


def _rows(conn: Connection, *conditions: ColumnElement[bool]) -> list[AnyRow]:
    query = (
        select(
            alert_rules,
            cameras.c.label,
            cameras.c.area_id.label("camera_area_id"),
            people.c.name.label("made_by_name"),
        )
        .outerjoin(cameras, cameras.c.id == alert_rules.c.camera_id)
        .outerjoin(people, people.c.id == alert_rules.c.made_by)
        .where(alert_rules.c.ended_utc_us.is_(None), *conditions)
        .order_by(alert_rules.c.made_utc_us, alert_rules.c.id)
    )
    return list(conn.execute(query))


def _row(row: AnyRow, names: dict[UUID, str], *, may_end: bool) -> AlertRuleRow:
    place = names.get(row.area_id or row.camera_area_id, "")
    if row.camera_id is not None:
        place = f"{row.label} · {place}"
    return AlertRuleRow(rule_of(row), place, row.reason, row.made_by_name, may_end)


def _places(tended: set[UUID], seen: list[AnyRow], names: dict[UUID, str]) -> tuple[RulePlace, ...]:
    ordered = sorted(tended, key=lambda one: (by_place(names[one]), one))
    whole = [RulePlace(one, None, names[one]) for one in ordered]
    single = [RulePlace(None, row.id, f"{row.label} · {names[row.area_id]}") for row in seen]
    return tuple(whole + single)


def trial(
    conn: Connection, person_id: UUID, rule: AlertRule, *, time_zone: str, place: str, now: Moment
) -> RuleTrial:
    """Effect the rule would have had in the last seven days, beside the active rules."""
    since = now.plus_s(-WEEK_S)
    parents = area_parents(conn)
    there = list(conn.execute(select(alert_rules).where(alert_rules.c.ended_utc_us.is_(None))))
    found = []
    count = 0
    for row in _alerts(conn, person_id, since, now):
        here = CameraPlace(row.camera_id, row.area_id)
        is_here = rule.camera_id == row.camera_id or (
            rule.area_id is not None and rule.area_id in at_or_above(row.area_id, parents)
        )
        if not is_here:
            continue
        count += 1
        at = Moment(row.began_utc_us if row.began_error_ms is not None else row.raised_utc_us)
        what = subjects_of(row.kind, from_text(row.rules))
        before = timed(there, at)
        after = [*before, (rule, on_wall(time_zone, at))]
        verdicts = judge(before, here, what, parents), judge(after, here, what, parents)
        if _says(verdicts[0]) != _says(verdicts[1]):
            found.append((row, *verdicts))
    where = places(conn, {row.area_id for row, _, _ in found})
    changed = [_tried(*one, where) for one in found]
    return RuleTrial(
        rule=rule,
        place=place,
        alerts=count,
        changed=tuple(changed),
        quiet=sum(one.after.tells == "nobody" for one in changed),
        first_day=(on_wall(time_zone, now) - timedelta(days=7)).date(),
    )


def _says(decision: RoutingDecision) -> tuple[object, ...]:
    return decision.tells, decision.team_id, decision.urgency


def _tried(
    row: AnyRow, before: RoutingDecision, after: RoutingDecision, where: Mapping[UUID, str]
) -> TriedAlert:
    camera = camera_at(row.label, where[row.area_id])
    return TriedAlert(row.id, camera, row.kind, row.began_utc_us, before, after)


def _alerts(conn: Connection, person_id: UUID, since: Moment, now: Moment) -> Iterable[AnyRow]:
    """Alerts since that moment that the person may see, newest first."""
    scope = visible_cameras(person_id, Right.SEE, now).subquery("scope")
    query = (
        select(
            alerts.c.id,
            alerts.c.camera_id,
            alerts.c.kind,
            alerts.c.rules,
            alerts.c.began_utc_us,
            alerts.c.began_error_ms,
            alerts.c.raised_utc_us,
            cameras.c.label,
            cameras.c.area_id,
        )
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .outerjoin(scope, seen_alerts(scope))
        .where(
            alerts.c.raised_utc_us >= since.utc_us,
            or_(scope.c.camera_id.is_not(None), seen_troubles(person_id, now)),
        )
        .order_by(alerts.c.raised_utc_us.desc(), alerts.c.id.desc())
        .limit(TRIED_AT_MOST)
    )
    return conn.execute(query)
