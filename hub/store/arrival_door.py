"""Service for camera pages and for an officer's report of arrival."""

from uuid import UUID

from hub.alerts.alert import State
from hub.store import camera_sights, sights
from hub.store.alert_rows import change_alert, note_history
from hub.store.camera_sights import CameraPage
from hub.store.door_base import DoorBase
from hub.store.tables import columns
from hub.store.views import AlertRow, Asker, Conflict, SeenCamera


class ArrivalDoor(DoorBase):
    """For the officer on the way."""

    def arrive(self, asker: Asker, alert_id: UUID) -> AlertRow | Conflict | None:
        """Record that the officer who has the alert is at its place; stored once, for good.

        Returns a Conflict for anybody else. A second call changes nothing.
        """
        now = self._clock.now()
        with self._db.writing() as conn:
            row = sights.one_alert(conn, asker.person_id, alert_id, now)
            if row is None:
                self._note_in(conn, asker, "alert.arrive.refused", "alert", alert_id)
                return None
            if row.taken_by != asker.person_id or row.state != State.TAKEN:
                self._note_in(conn, asker, "alert.arrive.held", "alert", alert_id)
                return Conflict(row, row.closed_by_name or row.taken_by_name)
            if row.arrived_utc_us is not None:
                self._note_in(conn, asker, "alert.arrive.again", "alert", alert_id)
                return row
            change_alert(conn, alert_id, columns("arrived", now), now=now)
            note_history(conn, alert_id, act="arrived", person_id=asker.person_id, now=now)
            self._note_in(conn, asker, "alert.arrive", "alert", alert_id)
            row = sights.one_alert(conn, asker.person_id, alert_id, now)
        self._bell.ring()
        return row

    def camera(self, asker: Asker, camera_id: UUID) -> CameraPage | None:
        """State of a camera, its latest events, and cameras near it."""
        with self._db.reading() as conn:
            page = camera_sights.camera_page(conn, asker.person_id, camera_id, self._clock.now())
        self._note(asker, "camera.open" if page else "camera.open.refused", "camera", camera_id)
        return page

    def seen_cameras(self, asker: Asker) -> list[SeenCamera]:
        """Every camera this person may see, with its state: the map and the table beside it."""
        with self._db.reading() as conn:
            found = camera_sights.seen_cameras(conn, asker.person_id, self._clock.now())
        self._note(asker, "cameras.open", detail=f"{len(found)} cameras")
        return found
