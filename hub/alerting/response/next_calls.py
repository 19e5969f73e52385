"""The next escalation calls of an open alert as they stand now: people and time, for a page."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from hub.alerting.alerts.tables import alerts
from hub.alerting.alerts.views import AlertRow, NextCall
from hub.alerting.escalation.rows import names_of, plan_of, reachable, teams_of
from hub.alerting.escalation.tables import escalations
from hub.alerting.notifications.channel_choice import phones_of_entitled
from hub.alerting.oncall.roster_rows import Team
from hub.alerting.oncall.rules.escalation import (
    Call,
    EscalationPlan,
    NoFurtherCall,
    StepRecipients,
    call,
)
from hub.base.db.columns import AnyRow
from hub.base.moment import Moment

_ESCALATED: Final = (
    select(escalations.c.alert_id, escalations.c.number, escalations.c.due_utc_us, alerts.c.rule_id)
    .join(alerts, alerts.c.id == escalations.c.alert_id)
    .where(escalations.c.alert_id.in_(bindparam("alert_ids", expanding=True)))
)


class UpcomingCalls:
    """Looks ahead within one transaction; alerts of one camera and rule share the data read."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._plans: dict[
            tuple[UUID, UUID | None], tuple[EscalationPlan | None, dict[UUID, Team]]
        ] = {}

    def with_calls(self, rows: Iterable[AlertRow]) -> list[AlertRow]:
        """The same alerts; open ones with an escalation plan get their next call."""
        rows = list(rows)
        waiting = [row.alert_id for row in rows if row.state == "open"]
        if not waiting:
            return rows
        rows_found = self._conn.execute(_ESCALATED, {"alert_ids": waiting})
        found = {row.alert_id: row for row in rows_found}
        return [
            replace(row, next_call=self._next(row, found[row.alert_id]))
            if row.alert_id in found
            else row
            for row in rows
        ]

    def _next(self, row: AlertRow, here: AnyRow) -> NextCall:
        number, due_utc_us = here.number, here.due_utc_us
        if due_utc_us is None:
            return NextCall("", None, is_again=False)
        due = Moment(due_utc_us, 0)
        plan, teams = self._plan(row, here.rule_id)
        living = phones_of_entitled(self._conn, row.camera_id, now=due)
        reach = reachable(teams, living, now=due)
        made = NoFurtherCall() if plan is None else call(plan, number + 1, reach)
        if (
            plan is None
            or isinstance(made, NoFurtherCall)
            or made.step.whom is StepRecipients.EVERYBODY
        ):
            return NextCall("", due_utc_us, is_again=False)
        return NextCall(
            self._name(made, teams), due_utc_us, is_again=made.number >= len(plan.steps)
        )

    def _plan(
        self, row: AlertRow, rule_id: UUID | None
    ) -> tuple[EscalationPlan | None, dict[UUID, Team]]:
        key = row.camera_id, rule_id
        if key not in self._plans:
            plan = plan_of(self._conn, row.camera_id, row.alert_id)
            self._plans[key] = plan, teams_of(self._conn, plan) if plan else {}
        return self._plans[key]

    def _name(self, made: Call, teams: dict[UUID, Team]) -> str:
        team = teams.get(made.step.team_id) if made.step.team_id is not None else None
        if made.step.whom is StepRecipients.TEAM and team is not None:
            return team.name
        names = names_of(self._conn, made.people)
        return names if team is None else f"{names} ({team.name})"
