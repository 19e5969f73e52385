"""Service to hand an alert over from its holder to a colleague who may know of it."""

from uuid import UUID

from sqlalchemy import Connection, select

from hub.alerts.alert import Changed, HeldBy, Life, State, hand_over
from hub.alerts.moment import Moment
from hub.store import ledger, sights
from hub.store.alert_rows import change_alert, note_history
from hub.store.door_base import DoorBase
from hub.store.signin_tables import people
from hub.store.tables import columns
from hub.store.views import AlertRow, Asker, Conflict


class HandOverDoor(DoorBase):
    """Offers alerts; the colleague takes one like any alert."""

    def hand_over(
        self, asker: Asker, alert_id: UUID, *, person_id: UUID
    ) -> AlertRow | Conflict | None:
        """Offer the alert to a colleague; a Conflict if the asker does not hold it.

        None also if the colleague may not be told of it. It stays with its holder until taken.
        """
        now = self._clock.now()
        with self._db.writing() as conn:
            row = sights.one_alert(conn, asker.person_id, alert_id, now)
            known = {} if row is None else dict(colleagues(conn, row, asker, now))
            if row is None or person_id not in known:
                self._note_in(conn, asker, "alert.hand_over.refused", "alert", alert_id)
                return None
            outcome = hand_over(life_of(row), asker.person_id, person_id)
            if isinstance(outcome, HeldBy):
                self._note_in(conn, asker, "alert.hand_over.held", "alert", alert_id)
                return Conflict(row, row.closed_by_name or row.taken_by_name)
            if isinstance(outcome, Changed):
                self._note_in(conn, asker, "alert.hand_over", "alert", alert_id)
                _offer(conn, asker, row, person_id=person_id, name=known[person_id], now=now)
                row = sights.one_alert(conn, asker.person_id, alert_id, now)
        self._bell.ring()
        return row


def colleagues(
    conn: Connection, row: AlertRow, asker: Asker, now: Moment
) -> list[tuple[UUID, str]]:
    """Other people who may be told of this alert, by name."""
    told = ledger.told_of(row.kind, row.alert_id, camera_id=row.camera_id, now=now)
    query = select(people.c.id, people.c.name).where(
        people.c.id.in_(told), people.c.id != asker.person_id
    )
    return [(one.id, one.name) for one in conn.execute(query.order_by(people.c.name, people.c.id))]


def life_of(row: AlertRow) -> Life:
    """State of an alert, as input for `hub.alerts.alert`."""
    return Life(
        State(row.state),
        taken_by=row.taken_by,
        closed_by=row.closed_by,
        offered_to=row.offered_to,
    )


def _offer(
    conn: Connection, asker: Asker, row: AlertRow, *, person_id: UUID, name: str, now: Moment
) -> None:
    offered = {"offered_to": person_id, **columns("offered", now)}
    change_alert(conn, row.alert_id, offered, now=now)
    note_history(conn, row.alert_id, act="offered", person_id=asker.person_id, detail=name, now=now)
    ledger.hand(conn, row.alert_id, person_id, revision=row.revision + 1, now=now)
