"""Rows of an area's escalation plan, and the progress of an alert in it.

Everything works in the caller's transaction; `hub.alerting.oncall.rules.escalation` decides what
follows. People in a plan are told only what their grants allow: a plan calls people and gives no
right.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Uuid, bindparam, literal, select, update

from hub.access.tables import people
from hub.alerting.alerts.rows import note_history
from hub.alerting.escalation.tables import escalations
from hub.alerting.oncall.plan_rows import read_plan
from hub.alerting.oncall.roster_rows import Team, read_teams
from hub.alerting.oncall.rules.escalation import (
    Call,
    EscalationPlan,
    EscalationStep,
    NoFurtherCall,
    People,
    StepRecipients,
    call,
)
from hub.alerting.oncall.tables import plans
from hub.alerting.routing import rows
from hub.alerting.routing.rules import with_team_first
from hub.base.db.columns import AnyRow, AnySelect, columns
from hub.base.db.rows import from_row
from hub.base.db.statements import ensure_all, once, read_once
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.notify.tables import notifications
from hub.registry.tables import areas, cameras


def _nearest() -> AnySelect:
    """The plan of the area itself, or of the nearest area above."""
    above = (
        select(cameras.c.area_id.label("id"), literal(0).label("depth"))
        .where(cameras.c.id == bindparam("plan_camera_id", type_=Uuid))
        .cte("plan_areas", recursive=True)
    )
    # A cycle of areas, which only a fault could make, must not loop for ever.
    above = above.union_all(
        select(areas.c.parent_id, above.c.depth + 1)
        .join(above, areas.c.id == above.c.id)
        .where(areas.c.parent_id.is_not(None), above.c.depth < 12)
    )
    return (
        select(plans.c.id, plans.c.repeats)
        .join(above, above.c.id == plans.c.area_id)
        .order_by(above.c.depth)
        .limit(1)
    )


_NEAREST: Final = _nearest()
_PROGRESS: Final = select(
    escalations.c.number, escalations.c.wait_s, escalations.c.due_utc_us
).where(escalations.c.alert_id == bindparam("alert_id"))


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of an alert in its escalation plan."""

    number: int
    """Number of the last call made."""
    wait_s: int | None
    due_utc_us: int | None
    """Time of the next call; None: no further call."""


def plan_of(conn: Connection, camera_id: UUID, alert_id: UUID) -> EscalationPlan | None:
    """The plan for an alert of a camera, with the team of the alert's rule as its first step; None:
    everybody is told at once."""
    return _with_first(_nearest_plan(conn, camera_id), rows.first_team(conn, alert_id))


def _nearest_plan(conn: Connection, camera_id: UUID) -> EscalationPlan | None:
    found = read_once(conn, _NEAREST, {"plan_camera_id": camera_id})
    if not found:
        return None
    row = found[0]
    return once(conn, ("plan", row.id), lambda: read_plan(conn, row.id, row.repeats))


def _with_first(
    plan: EscalationPlan | None, first: tuple[UUID, int] | None
) -> EscalationPlan | None:
    return plan if first is None else with_team_first(plan, *first)


def teams_of(conn: Connection, plan: EscalationPlan) -> dict[UUID, Team]:
    """Teams called by the plan."""
    wanted = frozenset(step.team_id for step in plan.steps if step.team_id is not None)
    return once(conn, ("teams", wanted), lambda: read_teams(conn, wanted))


def reachable(
    teams: dict[UUID, Team], living_phones: Iterable[AnyRow], *, now: Moment
) -> Callable[[EscalationStep], People]:
    """A function that gives the people a step reaches at `now`: people who may be told and have one
    of these phones."""
    there = frozenset(row.person_id for row in living_phones)

    def reach(step: EscalationStep) -> People:
        if step.whom is StepRecipients.EVERYBODY:
            return there
        team = teams.get(step.team_id) if step.team_id is not None else None
        crew = () if team is None else team.crew(now)
        if step.whom is StepRecipients.ON_DUTY:
            place = step.place or 1
            crew = crew[place - 1 : place]
        return frozenset(crew) & there

    return reach


def call_from(
    conn: Connection,
    plan: EscalationPlan,
    number: int,
    living_phones: Iterable[AnyRow],
    *,
    now: Moment,
) -> Call | NoFurtherCall:
    """The next call of the plan that reaches somebody, from this number on."""
    return call(plan, number, reachable(teams_of(conn, plan), living_phones, now=now))


def called_first(
    conn: Connection,
    alert_id: UUID,
    camera_id: UUID,
    living_phones: Sequence[AnyRow],
    *,
    now: Moment,
) -> Sequence[AnyRow]:
    """Phones, of people who may be told, that get the alert at once.

    Without a plan, or with no step that reaches anybody: all phones. With a plan: the phones of its
    first step; the next call is stored as due. For a running alert: the phones of the people called
    so far.
    """
    plan = plan_of(conn, camera_id, alert_id)
    if plan is None:
        return living_phones
    if progress(conn, alert_id) is not None:
        told = select(notifications.c.person_id).where(notifications.c.alert_id == alert_id)
        return phones_among(living_phones, frozenset(conn.scalars(told.distinct())))
    return _begin(conn, alert_id, plan, living_phones, now=now)


def called_for_new(
    conn: Connection,
    alert_id: UUID,
    camera_id: UUID,
    living_phones: Sequence[AnyRow],
    *,
    rule_id: UUID | None,
    now: Moment,
) -> Sequence[AnyRow]:
    """Phones that get an alert at once that this transaction raised by this rule; see
    `called_first`."""
    first = rows.first_team_of(conn, rule_id)
    plan = _with_first(_nearest_plan(conn, camera_id), first)
    if plan is None:
        return living_phones
    return _begin(conn, alert_id, plan, living_phones, now=now)


def _begin(
    conn: Connection,
    alert_id: UUID,
    plan: EscalationPlan,
    living_phones: Sequence[AnyRow],
    *,
    now: Moment,
) -> Sequence[AnyRow]:
    made = call_from(conn, plan, 0, living_phones, now=now)
    if isinstance(made, NoFurtherCall):
        note_call(conn, alert_id, None, now=now)
        return living_phones
    begun = {"alert_id": alert_id, "number": made.number, "wait_s": made.wait_s}
    ensure_all(conn, escalations, [begun | columns("due", due_at(made, now))])
    note_call(conn, alert_id, made, now=now)
    return phones_among(living_phones, made.people)


def phones_among(living_phones: Iterable[AnyRow], these: People) -> list[AnyRow]:
    """The phones that belong to these people."""
    return [row for row in living_phones if row.person_id in these]


def due_at(made: Call, now: Moment) -> Moment | None:
    """Time of the call that follows this one; None if there is no other."""
    return None if made.wait_s is None else now.plus_s(made.wait_s)


def progress(conn: Connection, alert_id: UUID) -> Progress | None:
    """Progress of the alert; None without a plan."""
    row = conn.execute(_PROGRESS, {"alert_id": alert_id}).first()
    return None if row is None else from_row(Progress, row)


def write_progress(
    conn: Connection, alert_id: UUID, *, number: int, wait_s: int | None, due: Moment | None
) -> None:
    """Store the progress of the alert up to this call."""
    conn.execute(
        update(escalations)
        .where(escalations.c.alert_id == alert_id)
        .values(number=number, wait_s=wait_s, **columns("due", due))
    )


def end(conn: Connection, alert_ids: Collection[UUID]) -> None:
    """Call nobody else for these alerts."""
    conn.execute(
        update(escalations)
        .where(escalations.c.alert_id.in_(alert_ids), escalations.c.due_utc_us.is_not(None))
        .values(columns("due", None))
    )


def note_call(conn: Connection, alert_id: UUID, made: Call | None, *, now: Moment) -> None:
    """Add a call to the alert's history: the people called; no names if it was everybody."""
    detail = ""
    if made is not None and made.step.whom is not StepRecipients.EVERYBODY:
        detail = names_of(conn, made.people)
    note_history(conn, alert_id, act="called", detail=detail, now=now)


def names_of(conn: Connection, person_ids: Collection[UUID]) -> str:
    """Names of these people, in order."""
    wanted = frozenset(person_ids)
    query = select(people.c.name).where(people.c.id.in_(wanted))
    names = once(conn, ("names", wanted), lambda: conn.scalars(query).all())
    return ", ".join(sorted(names, key=by_name))
