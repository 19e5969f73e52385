"""Entry of escalation plans of areas, in the caller's transaction."""

from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from hub.alerting.oncall.faults import OnCallError, OnCallFault
from hub.alerting.oncall.roster_rows import read_teams
from hub.alerting.oncall.rules.escalation import (
    EscalationPlan,
    EscalationStep,
    faults,
)
from hub.alerting.oncall.tables import plan_steps, plans
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.db.columns import columns, new_id
from hub.base.db.rows import from_row
from hub.base.moment import Moment


def put_plan(conn: Connection, area_id: UUID, plan: EscalationPlan, *, by: By, now: Moment) -> None:
    """Set the plan for alerts of this area, and of areas below without a plan of their own.

    An alert that is being called already follows the new plan from its next call on; its calls are
    counted further, not from the first step.
    """
    there = read_teams(conn, {step.team_id for step in plan.steps if step.team_id is not None})
    if faults(plan) or any(step.team_id not in (None, *there) for step in plan.steps):
        raise OnCallError(OnCallFault.PLAN)
    drop_plan(conn, area_id)
    plan_id = new_id(now)
    row = {"id": plan_id, "area_id": area_id, "repeats": plan.repeats}
    conn.execute(insert(plans).values(**row, **columns("made", now)))
    conn.execute(
        insert(plan_steps),
        [
            {
                "plan_id": plan_id,
                "number": number,
                "whom": step.whom,
                "team_id": step.team_id,
                "place": step.place,
                "wait_s": step.wait_s,
            }
            for number, step in enumerate(plan.steps)
        ],
    )
    detail = Detail("plan.steps", n=len(plan.steps), m=plan.repeats)
    _note(conn, by, "plan.set", area_id, detail=detail, now=now)


def end_plan(conn: Connection, area_id: UUID, *, by: By, now: Moment) -> None:
    """End the area's own plan."""
    drop_plan(conn, area_id)
    _note(conn, by, "plan.end", area_id, detail=None, now=now)


def drop_plan(conn: Connection, area_id: UUID) -> None:
    """Delete the plan without an audit line."""
    mine = select(plans.c.id).where(plans.c.area_id == area_id)
    conn.execute(delete(plan_steps).where(plan_steps.c.plan_id.in_(mine)))
    conn.execute(delete(plans).where(plans.c.area_id == area_id))


def _note(
    conn: Connection, by: By, act: str, area_id: UUID, *, detail: Detail | None, now: Moment
) -> None:
    log.note(conn, by, act=act, object_kind="area", object_id=area_id, detail=detail, now=now)


def read_plan(conn: Connection, plan_id: UUID, repeats: int) -> EscalationPlan | None:
    """A plan with its steps; None for a plan without steps."""
    query = select(plan_steps).where(plan_steps.c.plan_id == plan_id).order_by(plan_steps.c.number)
    steps = tuple(from_row(EscalationStep, row) for row in conn.execute(query))
    return EscalationPlan(steps, repeats) if steps else None
