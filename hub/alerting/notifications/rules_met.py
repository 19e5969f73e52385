"""Camera rules met in an alert: each is recorded once per alert; the first one adds a push."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from agent.wire.messages import SightingClosed, SightingOpened, SightingUpdated
from hub.alerting.alerts.rows import change_alert, note_history, with_labels
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.rules.rules_met import RuleMet, Rules, from_text, new_rules, to_text
from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications import recipients
from hub.alerting.notifications.reopening import open_again
from hub.alerting.routing import rows as routing_rows
from hub.alerting.routing.rows import TOLD_NOBODY
from hub.alerting.routing.rules import RoutingDecision, RuleRecipients, Urgency
from hub.alerting.silences import rows as silences_rows
from hub.base.db.columns import AnyRow
from hub.base.moment import Moment

_MET: Final = select(
    alerts.c.rules,
    alerts.c.camera_id,
    alerts.c.kind,
    alerts.c.quiet_reason,
    alerts.c.rule_id,
    alerts.c.state,
).where(alerts.c.id == bindparam("alert_id"))


def rules_of(body: SightingOpened | SightingUpdated | SightingClosed) -> Rules:
    """The rules met according to a message."""
    said = () if isinstance(body, SightingClosed) else body.rules or ()
    return tuple(RuleMet(one.rule, one.place, one.seconds, one.people, one.towards) for one in said)


def meet_rules(
    conn: Connection, alert_id: UUID, said: Rules, *, raising: frozenset[str], now: Moment
) -> None:
    """Add rules to the alert that nobody in it has met before.

    A rule in `raising` makes the alert critical and notifies phones, exempt from cooldown and rate
    limit. If the alert was closed, it opens again. A silenced rule is only recorded, as are all
    rules if `raising` is empty. The town's alert rules may change the urgency; an alert that they
    kept quiet is sent now if they notify people of this rule.
    """
    if not said:
        return
    row = conn.execute(_MET, {"alert_id": alert_id}).one()
    known = from_text(row.rules)
    fresh = new_rules(known, said)
    if not fresh:
        return
    routing = routing_rows.routing_decision(conn, row.camera_id, row.kind, fresh, at=now)
    fresh = with_labels(conn, row.camera_id, fresh)
    is_raised = bool(raising) and _is_raised(conn, row, fresh, routing, raising=raising, now=now)
    values: dict[str, object] = {"rules": to_text((*known, *fresh))}
    if is_raised:
        values |= {"severity": "critical", "quiet_reason": None}
        if row.quiet_reason == TOLD_NOBODY:
            values["rule_id"] = routing.rule_id
    note_history(conn, alert_id, act="rules", detail=to_text(fresh), now=now)
    is_closed = not AlertState(row.state).is_running
    if is_raised and is_closed:  # whoever closed it did not know of this
        open_again(conn, alert_id, values, now=now)
    else:
        change_alert(conn, alert_id, values, now=now)
    if is_raised:
        recipients.enqueue(
            conn,
            alert_id=alert_id,
            camera_id=row.camera_id,
            moment="raised",
            now=now,
            # The escalation began with one team, and people outside it must get this too.
            to_everybody=row.rule_id not in (None, routing.rule_id),
        )
        if is_closed:
            recipients.ring_again(conn, alert_id, now=now)
    elif raising:
        wake(conn, alert_id, routing, fresh, now=now)


def _is_raised(
    conn: Connection,
    row: AnyRow,
    fresh: Rules,
    routing: RoutingDecision,
    *,
    raising: frozenset[str],
    now: Moment,
) -> bool:
    loud = tuple(met for met in fresh if met.rule in raising)
    if routing.urgency is Urgency.CRITICAL:
        loud = fresh
    is_quiet = routing.tells is RuleRecipients.NOBODY or routing.urgency is Urgency.USUAL
    return bool(loud) and not is_quiet and not _is_silenced(conn, row, loud, now, is_critical=True)


def _is_silenced(
    conn: Connection, row: AnyRow, rules: Rules, now: Moment, *, is_critical: bool
) -> bool:
    covering = silences_rows.covering(
        conn, row.camera_id, row.kind, rules, now=now, is_critical=is_critical
    )
    return covering is not None


def wake(
    conn: Connection, alert_id: UUID, routing: RoutingDecision, met: Rules, *, now: Moment
) -> None:
    """Send an alert that the town's rules kept quiet so far, if these rules now name people for the
    rules met, and no silence applies."""
    row = conn.execute(_MET, {"alert_id": alert_id}).one()
    if row.quiet_reason != TOLD_NOBODY or routing.tells is RuleRecipients.NOBODY:
        return
    is_critical = routing.urgency is Urgency.CRITICAL
    if _is_silenced(conn, row, met, now, is_critical=is_critical):
        return
    values: dict[str, object] = {"quiet_reason": None, "rule_id": routing.rule_id}
    if is_critical:
        values["severity"] = "critical"
    change_alert(conn, alert_id, values, now=now)
    if routing.rule_id is not None:
        note_history(conn, alert_id, act="ruled", detail=routing.reason, now=now)
    recipients.enqueue(conn, alert_id=alert_id, camera_id=row.camera_id, moment="opened", now=now)
