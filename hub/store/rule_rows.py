"""The rules that an alert's people met: each once an alert, and one more push for the first."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from agent.wire.messages import SightingClosed, SightingOpened, SightingUpdated
from hub.alerts.alert_rules import Tells, Urgency, Verdict
from hub.alerts.moment import Moment
from hub.alerts.rules import RuleMet, Rules, from_text, news, to_text
from hub.store import alert_rule_rows, ledger, silence_rows
from hub.store.alert_rows import change_alert, note_history
from hub.store.alert_rule_rows import TOLD_NOBODY
from hub.store.hot import Hot
from hub.store.tables import alerts

_MET: Final = Hot(
    select(
        alerts.c.rules, alerts.c.camera_id, alerts.c.kind, alerts.c.quiet_reason, alerts.c.rule_id
    ).where(alerts.c.id == bindparam("alert_id"))
)


def rules_of(body: SightingOpened | SightingUpdated | SightingClosed) -> Rules:
    """What a message says was met."""
    said = () if isinstance(body, SightingClosed) else body.rules or ()
    return tuple(RuleMet(one.rule, one.place, one.seconds, one.people, one.towards) for one in said)


def meet_rules(
    conn: Connection, alert_id: UUID, said: Rules, *, raising: frozenset[str], now: Moment
) -> None:
    """Add to the alert what nobody in it has met before.

    A rule of those `raising` makes it critical, and is owed to the phones: neither a rest nor
    a storm holds it back. One that is silenced there is only written, as are all where nothing is
    `raising`. The town's rules may make it louder or quieter; what they had kept quiet so far is
    told now, if they tell somebody of this.
    """
    if not said:
        return
    row = _MET.one(conn, alert_id=alert_id)
    known = from_text(row.rules)
    fresh = news(known, said)
    if not fresh:
        return
    told = alert_rule_rows.verdict(conn, row.camera_id, row.kind, fresh, at=now)
    is_raised = bool(raising) and _is_raised(conn, row, fresh, told, raising=raising, now=now)
    values: dict[str, Any] = {"rules": to_text((*known, *fresh))}
    if is_raised:
        values |= {"severity": "critical", "quiet_reason": None}
        if row.quiet_reason == TOLD_NOBODY:
            values["rule_id"] = told.rule_id
    change_alert(conn, alert_id, values, now=now)
    note_history(conn, alert_id, act="rules", detail=to_text(fresh), now=now)
    if is_raised:
        ledger.owe(
            conn,
            alert_id=alert_id,
            camera_id=row.camera_id,
            moment="raised",
            now=now,
            # Its plan began with one team, and others than that must know of this.
            to_everybody=row.rule_id not in (None, told.rule_id),
        )
    elif raising:
        wake(conn, alert_id, told, fresh, now=now)


def _is_raised(
    conn: Connection,
    row: Any,
    fresh: Rules,
    told: Verdict,
    *,
    raising: frozenset[str],
    now: Moment,
) -> bool:
    loud = tuple(met for met in fresh if met.rule in raising)
    if told.urgency is Urgency.CRITICAL:
        loud = fresh
    is_quiet = told.tells is Tells.NOBODY or told.urgency is Urgency.USUAL
    return bool(loud) and not is_quiet and not _is_silenced(conn, row, loud, now)


def _is_silenced(conn: Connection, row: Any, rules: Rules, now: Moment) -> bool:
    return silence_rows.covering(conn, row.camera_id, row.kind, rules, now=now) is not None


def wake(conn: Connection, alert_id: UUID, told: Verdict, met: Rules, *, now: Moment) -> None:
    """Tell of an alert that the town's rules kept quiet so far, where they now tell somebody of
    what was met, and nobody silenced that."""
    row = _MET.one(conn, alert_id=alert_id)
    if row.quiet_reason != TOLD_NOBODY or told.tells is Tells.NOBODY:
        return
    if _is_silenced(conn, row, met, now):
        return
    values: dict[str, Any] = {"quiet_reason": None, "rule_id": told.rule_id}
    if told.urgency is Urgency.CRITICAL:
        values["severity"] = "critical"
    change_alert(conn, alert_id, values, now=now)
    if told.rule_id is not None:
        note_history(conn, alert_id, act="ruled", detail=told.reason, now=now)
    ledger.owe(conn, alert_id=alert_id, camera_id=row.camera_id, moment="opened", now=now)
