"""Service for "I go": a person who is told of an alert says that they go to its place.

This does not acknowledge the alert: its state and its holder stay, and the calls go on until
somebody who may see it has it.
"""

from uuid import UUID

from hub.alerting.alerts import in_words, queries
from hub.alerting.alerts.rows import change_alert, note_history
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.views import ShownAlert
from hub.alerting.notifications import receipts
from hub.base.audit.acting import Acting, Changing, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail


class GoingService:
    """Stores who goes to the place of an alert. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def say(self, asker: Asker, alert_id: UUID, *, goes: bool) -> bool | None:
        """Note that the person goes, or that they do not go after all; noted once.

        False: the alert is closed, and nothing is noted. None: it is unknown, or the person is not
        told of it.
        """
        act = "alert.go" if goes else "alert.not_go"
        with self._acting.changing(asker, act, On("alert", alert_id), rings=True) as change:
            row = _known(change, alert_id)
            if row is None:
                change.refuse()
                return None
            if not AlertState(row.state).is_running:
                change.refuse(Detail("alert.is_closed"))
                return False
            said = in_words.going(change.conn, [alert_id]).get(alert_id, ())
            if goes == any(one.person_id == asker.person_id for one in said):
                change.refuse(how="again")
                return True
            _note(change, alert_id, act=in_words.GOING if goes else in_words.NOT_GOING)
            change.done()
        return True


def _known(change: Changing, alert_id: UUID) -> ShownAlert | None:
    conn, who, now = change.conn, change.asker.person_id, change.now
    return in_words.one(conn, who, alert_id, now) or queries.one_alert(conn, who, alert_id, now)


def _note(change: Changing, alert_id: UUID, *, act: str) -> None:
    conn, person_id, now = change.conn, change.asker.person_id, change.now
    change_alert(conn, alert_id, {}, now=now)
    note_history(conn, alert_id, act=act, person_id=person_id, now=now)
    if act == in_words.GOING:
        receipts.mark_acknowledged(conn, [alert_id], person_id=person_id, now=now)
