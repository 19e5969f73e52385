"""Opens a closed alert again, because of something that whoever closed it did not know."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from hub.alerting.alerts.rows import change_alert, note_history
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.escalation import rows as escalation_rows
from hub.alerting.notifications import recipients
from hub.base.db.columns import columns
from hub.base.moment import Moment

_NOBODY_HAS_IT: Final[Mapping[str, object]] = {
    "state": AlertState.OPEN,
    "taken_by": None,
    "closed_by": None,
    "false_cause": None,
    **columns("taken", None),
    **columns("arrived", None),
    **columns("closed", None),
}


def open_again(
    conn: Connection, alert_id: UUID, values: Mapping[str, object], *, now: Moment
) -> None:
    """Open this closed alert again, with these other new values. Nobody holds it, and the next call
    of its plan is due after its usual wait.

    The caller then notifies people, by `recipients.enqueue` and `recipients.ring_again`.
    """
    recipients.forget_handled(conn, alert_id, reason="it is open again", now=now)
    change_alert(conn, alert_id, {**values, **_NOBODY_HAS_IT}, now=now)
    note_history(conn, alert_id, act="reopened", now=now)
    last = escalation_rows.progress(conn, alert_id)
    if last is not None and last.wait_s is not None:
        due = now.plus_s(last.wait_s)
        escalation_rows.write_progress(
            conn, alert_id, number=last.number, wait_s=last.wait_s, due=due
        )
