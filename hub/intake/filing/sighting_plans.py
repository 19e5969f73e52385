"""Plans for sightings: decided from the database, written a moment later.

A plan is made before the event's own row is written, so that the row can contain its fate. It is
carried out only if that row was new, so a repeated event changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import Connection

from agent.wire.messages import SightingClosed, SightingOpened, SightingUpdated
from hub.alerting.alerts.rows import NewAlert, grow_alert, raise_alert
from hub.alerting.alerts.rules.grouping import (
    JoinAlert,
    NewSighting,
    NoAlert,
    Policy,
    RaiseAlert,
    TooLate,
    decide,
    is_for_alerts,
)
from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.alerts.rules.rules_met import Rules, foremost, is_critical
from hub.alerting.alerts.rules.rules_met import new_rules as fresh
from hub.alerting.alerts.tables import sightings
from hub.alerting.notifications import recipients
from hub.alerting.notifications.rules_met import meet_rules, rules_of, wake
from hub.alerting.routing import rows as routing_rows
from hub.alerting.routing.rows import TOLD_NOBODY
from hub.alerting.routing.rules import RoutingDecision, RuleRecipients, Urgency
from hub.alerting.silences import rows as silences_rows
from hub.alerting.silences.rules import Silence
from hub.base.db.bounds import integer
from hub.base.db.columns import new_id
from hub.base.db.statements import change
from hub.base.moment import Moment
from hub.footage import media_rows
from hub.intake.filing.event import Fate, FilingPlan, NodeEvent
from hub.intake.filing.facts import BatchFacts, KnownSighting
from hub.intake.filing.sighting_rows import (
    add_sighting,
    announce_picture,
    early_messages,
    known_sighting,
    update_sighting,
    wakes_now,
)

_Add = Callable[[UUID | None, Connection], None]
"""Writes a sighting and links it to this alert."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A sighting that may raise an alert."""

    kind: str
    began: Moment
    """First seen, or the time it became relevant."""
    people: int
    rules: Rules
    wakes: bool
    is_opening: bool = False


def plan_opened(
    conn: Connection,
    facts: BatchFacts,
    node_event: NodeEvent,
    body: SightingOpened,
    policy: Policy,
) -> FilingPlan:
    """A sighting begins: it raises an alert, joins one, or does neither."""
    if known_sighting(conn, facts, body.sighting_id) is not None:
        return FilingPlan("noted", "this sighting was opened before")
    early = early_messages(conn, facts, node_event, body.sighting_id)
    begun = _Begun(
        kind=_kind(body),
        began=node_event.moment(body.first_seen_utc_us),
        people=integer(body.people),
        rules=fresh((), (*rules_of(body), *(met for one in early for met in rules_of(one.body)))),
        wakes=body.wakes is not False or any(wakes_now(one.body) for one in early),
        is_opening=True,
    )
    add = partial(add_sighting, facts, node_event, body, early)
    return _plan(conn, facts, node_event, begun, policy, add)


def plan_updated(
    conn: Connection,
    facts: BatchFacts,
    node_event: NodeEvent,
    body: SightingUpdated | SightingClosed,
    policy: Policy,
) -> FilingPlan:
    """A sighting goes on or ends: the sighting and its alert are updated. Phones ring only if it
    has no alert yet and may raise one now."""
    row = known_sighting(conn, facts, body.sighting_id)
    if row is None:
        # Kept for the opening; the picture is announced anyway, or it could not be uploaded.
        facts.unannounced.discard(body.sighting_id)
        write = partial(announce_picture, facts, node_event, body)
        return FilingPlan("noted", "the opening of this sighting has not arrived", None, write)
    if row.camera_id != node_event.camera_id:
        return FilingPlan("noted", "another camera's sighting")
    is_late = node_event.age_s > policy.late_after_s
    raising = frozenset() if is_late else policy.critical_rules
    write = partial(update_sighting, facts, node_event, body, row, raising=raising)
    if row.alert_id is not None:
        return FilingPlan("grouped", "its sighting belongs to this alert", row.alert_id, write)
    if isinstance(body, SightingUpdated) and wakes_now(body):
        begun = _Begun(
            kind=row.object_kind,
            began=node_event.happened,
            people=max(row.people, integer(body.people)),
            rules=rules_of(body),
            wakes=True,
        )
        give = partial(_give_alert, facts, node_event, body, row)
        return _plan(conn, facts, node_event, begun, policy, give)
    if is_late:
        return FilingPlan("late", "its sighting woke nobody, and it is late itself", None, write)
    return FilingPlan("noted", "its sighting woke nobody", None, write)


def _plan(
    conn: Connection,
    facts: BatchFacts,
    node_event: NodeEvent,
    begun: _Begun,
    policy: Policy,
    add: _Add,
) -> FilingPlan:
    """Plan for a sighting that is new, or may raise an alert only now; `add` writes it with its
    alert."""
    foremost_met = foremost(begun.rules)
    routing = _decision(conn, node_event, begun)
    seen = NewSighting(
        camera_id=node_event.camera_id,
        kind=begun.kind,
        first_seen_utc_us=begun.began.utc_us,
        confirmed_utc_us=node_event.happened.utc_us,
        age_s=node_event.age_s,
        zone=foremost_met.place if foremost_met else None,
        wakes=begun.wakes or bool(begun.rules),
        is_critical=_is_urgent(is_critical(begun.rules, policy.critical_rules), routing),
    )
    running, woke_utc_us = [], None
    if is_for_alerts(seen, policy):
        running = facts.running(conn, seen, policy)
        woke_utc_us = facts.last_woke(conn, seen, policy)
    match decide(seen, running, policy, woke_utc_us=woke_utc_us):
        case RaiseAlert() as decision:
            is_urgent = _is_urgent(seen.is_critical or begun.kind in policy.critical_kinds, routing)
            silence = silences_rows.covering(
                conn,
                node_event.camera_id,
                begun.kind,
                begun.rules,
                now=node_event.now,
                is_critical=is_urgent,
            )
            if silence is not None:
                return _plan_muted(node_event, begun, silence, add)
            alert = _new_alert(node_event, begun, seen, routing, decision, is_urgent=is_urgent)
            return _plan_raise(facts, node_event, alert, decision, add)
        case JoinAlert(alert_id, reason):
            write = partial(_join, facts, node_event, begun, alert_id, routing, policy, add)
            return FilingPlan("grouped", reason, alert_id, write)
        case TooLate(reason):
            return FilingPlan("late", reason, None, partial(add, None))
        case NoAlert(reason):
            return FilingPlan("noted", reason, None, partial(add, None))


def _plan_raise(
    facts: BatchFacts, node_event: NodeEvent, alert: NewAlert, decision: RaiseAlert, add: _Add
) -> FilingPlan:
    reason = alert.quiet_reason or decision.reason
    fate: Fate = "alerted" if alert.quiet_reason is None else "silenced"
    write = partial(_raise, facts, node_event, alert, reason, add)
    return FilingPlan(fate, reason, alert.alert_id, write)


def _new_alert(
    node_event: NodeEvent,
    begun: _Begun,
    seen: NewSighting,
    routing: RoutingDecision,
    decision: RaiseAlert,
    *,
    is_urgent: bool,
) -> NewAlert:
    """A new alert; silent (inbox only) if its spot has just rung phones or a rule says so."""
    is_told = routing.tells is not RuleRecipients.NOBODY
    quiet_reason = decision.quiet_reason if is_told else TOLD_NOBODY
    return NewAlert(
        alert_id=new_id(node_event.now),
        camera_id=node_event.camera_id,
        kind=begun.kind,
        people=begun.people,
        clock_source=node_event.clock_source.value,
        began=begun.began,
        confirmed=node_event.happened,
        is_critical=is_urgent,
        zone=seen.zone,
        quiet_reason=quiet_reason,
        rules=begun.rules,
        rule_id=routing.rule_id,
        rule_reason=routing.reason,
    )


def _decision(conn: Connection, node_event: NodeEvent, begun: _Begun) -> RoutingDecision:
    """Routing decision by the rules at the time of the sighting, or now if that time is not
    verified."""
    is_vouched = node_event.happened.error_ms is not None
    at = node_event.happened if is_vouched else node_event.now
    return routing_rows.routing_decision(conn, node_event.camera_id, begun.kind, begun.rules, at=at)


def _is_urgent(is_critical: bool, routing: RoutingDecision) -> bool:
    """Whether it is exempt from cooldown and rate limit; the town's rule decides last."""
    if routing.tells is RuleRecipients.NOBODY or routing.urgency is Urgency.USUAL:
        return False
    return is_critical or routing.urgency is Urgency.CRITICAL


def _plan_muted(node_event: NodeEvent, begun: _Begun, silence: Silence, add: _Add) -> FilingPlan:
    """No alert: the sighting's footage is kept like any other, and the silence counts it."""

    def write(conn: Connection) -> None:
        add(None, conn)
        if begun.is_opening:
            silences_rows.hit(conn, silence.silence_id, now=node_event.now)

    return FilingPlan("muted", f"silenced: {silence.reason}", None, write)


def _kind(body: SightingOpened) -> str:
    """Kind of the alert: a crowd raises its own alert beside the alerts of single people."""
    return Kind.CROWD if body.is_crowd else body.object_kind.value


def _raise(
    facts: BatchFacts,
    node_event: NodeEvent,
    alert: NewAlert,
    reason: str,
    add: _Add,
    conn: Connection,
) -> None:
    raise_alert(conn, alert, reason=reason, now=node_event.now)
    facts.raised(alert)
    add(alert.alert_id, conn)
    like = facts.same_audience.get(alert.camera_id, alert.camera_id)
    recipients.enqueue_new(conn, alert, like_camera_id=like, now=node_event.now)


def _join(
    facts: BatchFacts,
    node_event: NodeEvent,
    begun: _Begun,
    alert_id: UUID,
    routing: RoutingDecision,
    policy: Policy,
    add: _Add,
    conn: Connection,
) -> None:
    grow_alert(
        conn,
        alert_id,
        seen=node_event.happened,
        people=begun.people,
        now=node_event.now,
        detail="another sighting",
        before=facts.size(alert_id),
    )
    facts.grown(alert_id, people=begun.people, seen=node_event.happened)
    add(alert_id, conn)
    is_kept_quiet = facts.may_be_quiet(alert_id, TOLD_NOBODY)
    meet_rules(conn, alert_id, begun.rules, raising=policy.critical_rules, now=node_event.now)
    if (begun.wakes or begun.rules) and is_kept_quiet:
        wake(conn, alert_id, routing, begun.rules, now=node_event.now)
    if begun.rules or is_kept_quiet:
        facts.forget_alerts(node_event.camera_id)


def _give_alert(
    facts: BatchFacts,
    node_event: NodeEvent,
    body: SightingUpdated | SightingClosed,
    row: KnownSighting,
    alert_id: UUID | None,
    conn: Connection,
) -> None:
    """Link a sighting without an alert to this alert, with its earlier footage."""
    update_sighting(facts, node_event, body, row, conn)
    if alert_id is not None:
        facts.joined(row, alert_id)
        change(conn, sightings, body.sighting_id, {"alert_id": alert_id})
        media_rows.show_what_came_before(
            conn, body.sighting_id, alert_id=alert_id, now=node_event.now
        )
