"""Service for test alerts: people who look after a camera may send one to their own phones."""

from typing import Literal
from uuid import UUID

from hub.store import phone_tests
from hub.store.door_base import DoorBase
from hub.store.live_door import Purpose, live_camera
from hub.store.phone_tests import SentTest
from hub.store.views import Asker


class PhoneTestDoor(DoorBase):
    """Last step of the technician's setup page."""

    def send_test(self, asker: Asker, camera_id: UUID, *, picture_age_ms: int | None) -> int | None:
        """Queue a test for each living phone of this person; returns their number. None if they do
        not look after the camera. `picture_age_ms`: age of the camera's newest picture, None if
        none came.

        Raises phone_tests.TooManyTestsError.
        """
        with self._db.reading() as conn:
            now = self._clock.now()
            camera = live_camera(conn, asker.person_id, camera_id, Purpose.AIM, now)
        if camera is None:
            self._note(asker, "phone.test.refused", "camera", camera_id)
            return None
        with self._db.writing() as conn:
            owed = phone_tests.owe(
                conn,
                person_id=asker.person_id,
                camera_id=camera_id,
                picture_age_ms=picture_age_ms,
                now=self._clock.now(),
            )
            self._note_in(conn, asker, "phone.test", "camera", camera_id, detail=f"{owed} phones")
        self._bell.ring()
        return owed

    def last_test(self, asker: Asker, camera_id: UUID) -> list[SentTest]:
        """Results of this person's last test of the camera. Part of the camera's page, and covered
        by the audit line of that page."""
        with self._db.reading() as conn:
            return phone_tests.newest(conn, person_id=asker.person_id, camera_id=camera_id)

    def mark_test(self, asker: Asker, what: Literal["shown", "opened"], test_id: UUID) -> bool:
        """Record that the phone displayed it, or its person opened it; False if it was not sent to
        this person."""
        with self._db.writing() as conn:
            is_theirs = phone_tests.mark(
                conn, what, test_id, person_id=asker.person_id, now=self._clock.now()
            )
            act = f"phone.test.{what}" if is_theirs else f"phone.test.{what}.refused"
            self._note_in(conn, asker, act, "phone_test", test_id)
        return is_theirs
