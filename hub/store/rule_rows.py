"""The rules that an alert's people met: each once an alert, and one more push for the first."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from agent.wire.messages import SightingClosed, SightingOpened, SightingUpdated
from hub.alerts.moment import Moment
from hub.alerts.rules import RuleMet, Rules, from_text, news, to_text
from hub.store import ledger, silence_rows
from hub.store.alert_rows import change_alert, note_history
from hub.store.hot import Hot
from hub.store.tables import alerts

_MET: Final = Hot(
    select(alerts.c.rules, alerts.c.camera_id, alerts.c.kind).where(
        alerts.c.id == bindparam("alert_id")
    )
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
    a storm holds it back. One that is silenced there is only written.
    """
    if not said:
        return
    row = _MET.one(conn, alert_id=alert_id)
    known = from_text(row.rules)
    fresh = news(known, said)
    if not fresh:
        return
    loud = tuple(met for met in fresh if met.rule in raising)
    is_raised = bool(loud) and (
        silence_rows.covering(conn, row.camera_id, row.kind, loud, now=now) is None
    )
    values: dict[str, Any] = {"rules": to_text((*known, *fresh))}
    if is_raised:
        values |= {"severity": "critical", "quiet_reason": None}
    change_alert(conn, alert_id, values, now=now)
    note_history(conn, alert_id, act="rules", detail=to_text(fresh), now=now)
    if is_raised:
        ledger.owe(conn, alert_id=alert_id, camera_id=row.camera_id, moment="raised", now=now)
